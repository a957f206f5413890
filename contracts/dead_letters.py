"""Dead letters: events that nobody could act on: where they came from, as many of their bytes as we keep, and why."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, Field, JsonValue

Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
KEPT_BYTES = 65_536
KEPT_KEY_BYTES = 1_024
KEPT_HEADERS = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """One message: its coordinates and its bounded bytes.

    `value` is the head of the value (None: a tombstone, or bytes the broker could not give us), `value_length` and
    `value_hash` (SHA-256, hex) are those of all of it. `headers` are (name, value) with bytes that are no text escaped.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None = None
    value: bytes | None = None
    value_length: int = 0
    value_hash: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """JSON with the bytes in base64, as the dead-letter topic and `media.missing_event` hold it."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "timestamp_ms": self.timestamp_ms,
            "key": _to_base64(self.key),
            "value": _to_base64(self.value),
            "value_length": self.value_length,
            "value_hash": self.value_hash,
            "headers": [[name, text] for name, text in self.headers],
        }

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Origin":
        """Read what `to_json` wrote."""
        return cls(
            **{
                **members,
                "key": _from_base64(members["key"]),
                "value": _from_base64(members["value"]),
                "headers": tuple((name, text) for name, text in members["headers"]),
            }
        )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be understood or planned. `reason` is a code, `detail` may quote the event."""

    origin: Origin
    reason: str
    detail: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """The body of the message on the dead-letter topic."""
        return {"reason": self.reason, "detail": self.detail, **self.origin.to_json()}


class LetterBody(BaseModel):
    """An event that nobody could act on: why, where it was, and the head of its bytes in Base64.

    `value_length` and `value_hash` (SHA-256) are those of all of the value. `key` and `value` are null where the
    message has none, or the broker could not give them. Of an event of our own that the broker refuses, `partition` is
    -1 and `offset` its number in the outbox.
    """

    reason: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    detail: str
    topic: str
    partition: Annotated[int, Field(ge=-1)]
    offset: int
    timestamp_ms: int
    key: Base64 | None
    value: Base64 | None
    value_length: Annotated[int, Field(ge=0)]
    value_hash: str
    headers: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


def bound(
    coordinates: tuple[str, int, int, int],
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]] = (),
    kept: int = KEPT_BYTES,
) -> Origin:
    """The origin of a message at (topic, partition, offset, timestamp in ms), with up to `kept` bytes of its value."""
    return Origin(
        *coordinates,
        key=None if key is None else key[:KEPT_KEY_BYTES],
        value=None if value is None else value[:kept],
        value_length=len(value or b""),
        value_hash=hashlib.sha256(value or b"").hexdigest(),
        headers=tuple((_escape(name.encode()), _escape(text or b"")) for name, text in islice(headers, KEPT_HEADERS)),
    )


def _escape(given: bytes) -> str:
    """Text that PostgreSQL and JSON can hold; a NUL or a byte that is no UTF-8 becomes an escape."""
    return given[:KEPT_KEY_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _to_base64(given: bytes | None) -> str | None:
    return None if given is None else base64.b64encode(given).decode()


def _from_base64(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
