"""What a coverage-guided fuzzer is let loose on."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

TRACED: Final[Mapping[str, tuple[str, ...]]] = {
    "decoder": ("contracts.codec", "consumers.triage"),
    "metadata": ("handlers.inspect.embedded.reading", "handlers.inspect.moments", "sd_parsers"),
    "answers": ("handlers.inference.answers", "tests.fuzz.answers"),
    "planted": ("contracts.codec", "tests.fuzz.planted"),
}
"""The modules of this folder that have a target, and whose branches are watched in each."""


@dataclass(frozen=True, slots=True)
class Target:
    """`look` takes any bytes and raises for a mistake of ours only.

    `seeds` are inputs to begin with, `words` what inputs are made of. `change` makes another input of one, with dice,
    where chance alone would not: None where it cannot.
    """

    look: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...]
    change: Callable[[bytes, Random], bytes | None]
    max_bytes: int = 4096


def load_target(name: str) -> Target:
    """The target of that name."""
    target: Target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    return target


def require_storable(*texts: str) -> None:
    """Fail if PostgreSQL or UTF-8 could not hold one of these."""
    for text in texts:
        assert "\x00" not in text
        text.encode()
