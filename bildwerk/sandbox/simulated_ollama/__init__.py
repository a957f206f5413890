"""A simulated Ollama: a separate process that answers over HTTP as a real server does.

Nothing here looks at a picture with a model. Answers are made from the pixels (colours, light, shape, size, embedded
text), are deterministic, and carry the model name `bildwerk-simulated`. Costs, queues, errors and faults are those of
real servers.
"""
