"""Which media are worked on, and which jobs of them: what settings leave out, and what a person does."""
