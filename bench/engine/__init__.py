"""A real engine for measurements: llama.cpp with a vision model of random weights, behind an interface like Ollama's.

It knows nothing, but reads pictures, keeps prompts and obeys schemas as the engine under Ollama 0.30 and later does.
"""
