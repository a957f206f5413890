"""What a program that generates pictures wrote into the file: which prompt, which model, which seed.

`reading.read_embedded` is what the decoder uses. `carriers` finds texts wherever programs leave them; one module per
program knows which of them are its own. Everything is bounded: texts in length, lists in number, graphs in nodes.
"""
