"""JSON from strangers: bounded in size and depth, nothing in it that two readers could read differently."""

import json
import math
import re
from typing import Any, Never

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 20
"""More digits than any 64-bit number has."""

# An unterminated string matches up to the end, so that no input is scanned twice.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class Undecodable(Exception):
    """An event that nobody can understand. `reason` is a code that may be logged, `detail` may quote the event."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail[:500].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def read_object(value: bytes | None, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object in `value`. Raises Undecodable with the reasons of `read_json` and: not_an_object."""
    return require_object(read_json(value, max_bytes))


def require_object(parsed: Any) -> dict[str, Any]:
    """The parsed JSON, which must be an object. Raises Undecodable: not_an_object."""
    if not isinstance(parsed, dict):
        raise Undecodable("not_an_object", type(parsed).__name__)
    return parsed


def read_json(value: bytes | None, max_bytes: int = MAX_BYTES) -> Any:
    """The JSON in `value`, of `max_bytes` at most.

    Raises Undecodable: tombstone, empty_value, too_large, not_utf8, too_deep, not_json, duplicate_keys or bad_number.
    """
    if value is None:
        raise Undecodable("tombstone")
    if len(value) > max_bytes:
        raise Undecodable("too_large", f"{len(value)} bytes")
    if not value.strip():
        raise Undecodable("empty_value")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise Undecodable("not_utf8", str(error)) from None
    if too_deep(value):
        raise Undecodable("too_deep", f"more than {MAX_DEPTH} levels")
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise Undecodable("not_json", str(error)) from None


def too_deep(value: bytes) -> bool:
    """Whether arrays and objects nest deeper than MAX_DEPTH; looks at brackets only, before any parser recurses."""
    if value.count(b"[") + value.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", value)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Undecodable("duplicate_keys")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Undecodable("bad_number", f"{len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Undecodable("bad_number", "infinite")
    return number


def _constant(name: str) -> Never:
    raise Undecodable("bad_number", name)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant)
