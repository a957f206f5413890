"""Tests of a `media_meta` key: that it is there, or what it holds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from pydantic import JsonValue

_OURS = "ollama."


@dataclass(frozen=True, slots=True)
class Label:
    """`key`: there, and neither false nor null; `key=value`: it holds this text, number or word, alone or in a list."""

    key: str
    value: str | None = None

    def matches(self, meta: Mapping[str, JsonValue]) -> bool:
        """Whether a medium carries it."""
        found = meta.get(self.key)
        if self.value is None:
            return found is not None and found is not False
        return self.value in map(_say, found if isinstance(found, list) else [found] if self.key in meta else [])

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key}={self.value}"


def read_label(text: str) -> Label:
    """The test that a person means. Raises ValueError."""
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key:
        raise ValueError("a meta key is empty: it looks like key, or key=value")
    if key.startswith(_OURS):
        raise ValueError(f"{key} is written by these jobs, and cannot decide whether they run")
    return Label(key, value if equals else None)


def _say(value: JsonValue) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
