"""Finding pictures that are there already: what is hashed, and how two pictures are compared."""
