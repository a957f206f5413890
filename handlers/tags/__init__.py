"""From the words a model names to the tags of a library: deterministic, without a model."""
