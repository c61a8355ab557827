"""Taking music of a user's own into the store: finding it, reading it in several processes, writing it in one."""
