"""Numbers for the five axes of a score: the model names a level, facts set a limit, and the lower of both counts."""
