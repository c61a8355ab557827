"""Maps of what in a picture moved which part of the music: to come; a plan already names its causes."""
