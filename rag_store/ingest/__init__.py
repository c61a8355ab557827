"""Taking music of a user's own into the store: found, read in several processes, written in one."""
