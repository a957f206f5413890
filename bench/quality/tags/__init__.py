"""How well two names of one tag are told from two tags: pairs written by hand, and what the engine makes of them."""
