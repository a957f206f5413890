"""Logs hold hashes, ids, counts and codes, whatever anybody passes (R4).

Numbers, booleans, UUIDs and times pass. A string passes only under a key that is known to hold a code or an id, and
only in that key's shape; every other one becomes a short hash and its length, enough to tell two apart and to find the
row in the ledger. Of an exception the types, codes and places in our code pass, never its message: messages quote what
failed.
"""

import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import date, datetime
from hashlib import sha256
from types import TracebackType
from typing import Any, Final
from uuid import UUID

CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
DOTTED: Final = re.compile(r"[a-z][a-z0-9_]{0,31}([.-][a-z][a-z0-9_]{0,31}){0,3}")
CLASS: Final = re.compile(r"[A-Z][A-Za-z]{2,63}")
HEX: Final = re.compile(r"(sha256:)?[0-9a-f]{8,64}( \(\d+ (characters|bytes)\))?")
ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{8,15}(Z|\+00:00)")
PLACE: Final = re.compile(r"[\w.<>]{1,120}:\d{1,7}")
NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,79}")
HOST: Final = re.compile(r"(https?://)?[A-Za-z0-9.\-\[\]:]{1,100}(/[a-z0-9/_-]{0,40})?")
MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,80}(:[A-Za-z0-9._-]{1,40})?")
VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+-]{0,30}")

SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(
        ("level", "reason", "kind", "job_type", "status", "outcome", "task", "state", "signal", "check"), CODE
    ),
    **dict.fromkeys(("event", "topic"), DOTTED),
    **dict.fromkeys(("hash", "content_hash", "value_hash", "recipe", "digest", "fingerprint"), HEX),
    **dict.fromkeys(("owner", "event_id", "installation", "instance"), ID),
    "error": CLASS,
    "logger": NAME,
    "timestamp": TIME,
    "at": PLACE,
    "host": HOST,
    "model": MODEL,
    "version": VERSION,
    "store": re.compile(r"(s3:)?[a-z0-9][a-z0-9._-]{0,63}"),
    "sqlstate": re.compile(r"[0-9A-Z]{5}"),
}
"""Keys under which a string may pass, and what it must look like, whole."""

FRAMES: Final = 12
"""Innermost frames of a traceback that are kept."""


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the same event with nothing in it that R4 forbids."""
    raised = _raised(event.pop("exc_info", None))
    clean = {_key(key): _clean(key, value) for key, value in event.items()}
    if raised is not None:
        clean["exception"] = list(told(raised))
    return clean


def short(value: str | bytes) -> str:
    """What stands for a value that must not be shown."""
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    unit = "characters" if isinstance(value, str) else "bytes"
    return f"sha256:{sha256(data).hexdigest()[:12]} ({len(value)} {unit})"


def _key(key: object) -> str:
    text = str(key)
    return text if NAME.fullmatch(text) else short(text)


def _clean(key: object, value: object) -> object:  # noqa: C901 - one case per kind of value
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            shape = SHAPES.get(str(key))
            return str(value) if shape and shape.fullmatch(value) else short(value)
        case bytes() | bytearray() | memoryview():
            return short(bytes(value))
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case BaseException():
            return list(told(value))
        case Mapping():
            return {_key(k): _clean(k, v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(key, item) for item in value]
        case _:
            return type(value).__name__


def _raised(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and isinstance(exc_info[1], BaseException):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info is True else None


def told(error: BaseException) -> Iterator[dict[str, object]]:
    """An exception and what caused it, outermost first: type, codes and the places it came through."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield {
            "type": f"{type(current).__module__}.{type(current).__qualname__}",
            **_codes(current),
            "at": _places(current.__traceback__),
        }
        if isinstance(current, BaseExceptionGroup):
            for inner in current.exceptions:
                yield from told(inner)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _codes(error: BaseException) -> dict[str, object]:
    """The code-shaped attributes by which libraries and we tell failures apart."""
    found: dict[str, object] = {}
    for name in ("reason", "sqlstate", "errno", "status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) or (isinstance(value, str) and name in SHAPES and SHAPES[name].fullmatch(value)):
            found[name] = value
    return found


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        frame = traceback.tb_frame
        places.append(f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-FRAMES:]
