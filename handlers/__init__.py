"""What is done: stages, planning, pictures, inference and the run of one medium."""
