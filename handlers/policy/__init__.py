"""May a picture be published: rules over what is known of it, decided without a model. Pure."""
