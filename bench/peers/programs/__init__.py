"""One small program per peer, with the same command line, for the peer's own environment."""
