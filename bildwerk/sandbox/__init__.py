"""The embedded stack: PostgreSQL, a Kafka-protocol broker and a simulated Ollama, started from wheels.

On request an Apache Kafka, fetched by Maven, takes the broker's place.

Everything here listens on 127.0.0.1 only and ends with the program that started it, however that program ends.
"""
