"""The fuzzer in a process of its own: `python -m tests.fuzz.child TARGET [arguments of libFuzzer]`."""

import importlib
import sys
from contextlib import suppress
from random import Random

import atheris

from tests.fuzz.target import TRACED, load_target

name, *arguments = sys.argv[1:]
with atheris.instrument_imports(include=[module.split(".")[0] for module in TRACED[name]]):
    for module in TRACED[name]:
        importlib.import_module(module)
target = load_target(name)
for data in target.seeds():
    with suppress(Exception):  # the fuzzer meets it again, and keeps it
        target.look(data)  # what is loaded with the first of a kind is not the input's time


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Another input: by the target's own way every other time, else by libFuzzer's."""
    dice = Random(seed)
    changed = target.change(bytes(data), dice) if dice.random() < 0.5 else None
    return bytes(atheris.Mutate(data, most)) if changed is None else changed[:most]


atheris.Setup([sys.argv[0], *arguments], target.look, custom_mutator=mutate)
atheris.Fuzz()
