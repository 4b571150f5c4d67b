"""The pytest plugin: hooks only. Importing it imports nothing of ours."""
