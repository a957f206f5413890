"""The embedded stack: PostgreSQL, a Kafka-protocol broker and a simulated Ollama, started from wheels.

Everything here listens on 127.0.0.1 only and ends with the program that started it, however that program ends.
"""
