"""What is known of media, out of the database again: as lines, as a table, and as sidecars beside the pictures."""
