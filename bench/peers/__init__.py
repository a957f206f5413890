"""The same handler on bildwerk and on what people would use instead of it; each peer is a program of its own."""
