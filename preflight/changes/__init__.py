"""What a change touches and what it does to the payload: a commit, or the lock, against the working tree."""
