"""The platform's scan flags in words for a prompt."""

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.facts import SCAN
from handlers.prompt_data import plain_text

_DEPTH = 3
_MOST = 20
"""Flags, and entries of one flag, that are told."""
_LARGE = 1e15


def say_scan_flags(meta: Mapping[str, JsonValue]) -> str | None:
    """All `scan.*` values on one line, by key; None when there are none."""
    flags = {key.removeprefix(SCAN): value for key, value in sorted(meta.items()) if key.startswith(SCAN)}
    return plain_text(_say(flags, _DEPTH)) if flags else None


def _say(value: JsonValue, depth: int) -> str:
    """A value in words; numbers with two digits, so that prompts do not change with noise."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.2g}" if abs(value) < _LARGE else "…"
        case str():
            return value
        case list() if depth:
            return ", ".join(_say(item, depth - 1) for item in value[:_MOST])
        case dict() if depth:
            return ", ".join(f"{key}: {_say(item, depth - 1)}" for key, item in list(value.items())[:_MOST])
        case _:
            return "…"
