"""Test servers that the real drivers talk to over loopback. Never shipped."""
