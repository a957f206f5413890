"""The few fields of EXIF in which generators leave texts and cameras what they did.

Not by Pillow: it hands out text already decoded, by rules that programs do not follow, and copies every field there is,
however often the same bytes are named.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

DESCRIPTION, MAKE, MODEL, USER_COMMENT = 0x010E, 0x010F, 0x0110, 0x9286
EXPOSURE_TIME, EXPOSURE_BIAS = 0x829A, 0x9204
TIME_ORIGINAL, TIME_DIGITIZED, FRACTION_ORIGINAL, FRACTION_DIGITIZED = 0x9003, 0x9004, 0x9291, 0x9292
_EXIF = 0x8769
_WANTED = {
    *(DESCRIPTION, MAKE, MODEL, USER_COMMENT, EXPOSURE_TIME, EXPOSURE_BIAS, _EXIF),
    *(TIME_ORIGINAL, TIME_DIGITIZED, FRACTION_ORIGINAL, FRACTION_DIGITIZED),
}

_MAX_ENTRIES = 256
_TEXTS, _LONG, _RATIONAL, _SRATIONAL = {1, 2, 7}, 4, 5, 10
_SIZES = {**dict.fromkeys(_TEXTS, 1), _LONG: 4, _RATIONAL: 8, _SRATIONAL: 8}
"""Bytes per value of BYTE, ASCII, UNDEFINED, LONG, RATIONAL and SRATIONAL (TIFF 6.0)."""
_RATIOS = {_RATIONAL: "II", _SRATIONAL: "ii"}
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


class Field(NamedTuple):
    """One field's type, as TIFF numbers them, and its bytes."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Exif:
    """Fields of the main directory and of EXIF's own by tag; `order` of the file as `struct` names it."""

    order: str
    fields: Mapping[int, Field]

    def text(self, tag: int) -> str:
        """An ASCII field, which programs fill with UTF-8; empty when there is none."""
        return _decode(self._bytes(tag))

    def ratio(self, tag: int) -> float | None:
        """A fraction, None when there is none or its denominator is 0."""
        field = self.fields.get(tag)
        if field is None or field.kind not in _RATIOS or len(field.data) < _SIZES[field.kind]:
            return None
        numerator, denominator = struct.unpack_from(self.order + _RATIOS[field.kind], field.data)
        return numerator / denominator if denominator else None

    @property
    def comment(self) -> str:
        """UserComment, with or without the character code it should begin with."""
        value = self._bytes(USER_COMMENT)
        if value[:7] == b"UNICODE":
            return _decode_unicode(value[8:], self.order)
        return _decode(value[8:] if value[:8] in (b"ASCII\0\0\0", b"\0" * 8) else value)

    def _bytes(self, tag: int) -> bytes:
        field = self.fields.get(tag)
        return field.data if field is not None and field.kind in _TEXTS else b""


def read_exif(block: bytes, limit: int) -> Exif | None:
    """Read a block of EXIF, each field up to `limit` bytes. None if it is none. Raises struct.error when it is cut."""
    view = memoryview(block)[6 if block.startswith(b"Exif\0\0") else 0 :]
    order = _ORDERS.get(bytes(view[:4]))
    if order is None:
        return None
    main = _read_directory(view, order, struct.unpack_from(order + "I", view, 4)[0], limit)
    own = main.pop(_EXIF, None)
    if own is not None and own.kind == _LONG and len(own.data) == _SIZES[_LONG]:
        main = _read_directory(view, order, struct.unpack(order + "I", own.data)[0], limit) | main
    return Exif(order, main)


def _read_directory(block: memoryview, order: str, start: int, limit: int) -> dict[int, Field]:
    found: dict[int, Field] = {}
    (count,) = struct.unpack_from(order + "H", block, start)
    for number in range(min(count, _MAX_ENTRIES)):
        place = start + 2 + 12 * number
        tag, kind, amount = struct.unpack_from(order + "HHI", block, place)
        size = min(_SIZES.get(kind, 0) * amount, limit)
        if tag in _WANTED and tag not in found and size:
            begin = place + 8 if size <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
            found[tag] = Field(kind, bytes(block[begin : begin + size]))
    return found


def _decode(value: bytes) -> str:
    value = value.rstrip(b"\0")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _decode_unicode(value: bytes, order: str) -> str:
    """UTF-16 in either order, whatever EXIF's is: programs differ, but their words are in Latin letters."""
    value = value[: len(value) // 2 * 2]
    high, low = value[0::2].count(0), value[1::2].count(0)
    if not high + low:
        return _decode(value)
    if high == low:
        return value.decode("utf-16-le" if order == "<" else "utf-16-be", "replace").rstrip("\0")
    text = value.decode("utf-16-be" if high > low else "utf-16-le", "replace")
    return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").rstrip("\0")
