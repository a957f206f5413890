"""One module per job type; each holds exactly one `STAGE`. Pure: no I/O, no knowledge of each other."""
