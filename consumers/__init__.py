"""When it is done: the only room that knows Kafka."""
