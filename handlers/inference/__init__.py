"""Asking Ollama: hosts, health, the request's layout, the call, and what its answer is worth."""
