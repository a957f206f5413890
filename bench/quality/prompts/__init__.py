"""How exactly prompts are read from generated files, that none is found in others, and what a guessed one is worth."""
