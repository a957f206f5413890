"""How well it is judged without a model: `make bench-quality`. No network, no services, no model."""
