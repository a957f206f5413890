"""Pictures that are elsewhere: whose bytes are fetched, within limits, from places that are allowed."""
