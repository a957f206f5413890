"""The few fields of EXIF in which generators leave texts.

Not by Pillow: it hands out text already decoded, by rules that programs do not follow, and copies every field there is,
however often the same bytes are named.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

DESCRIPTION, MAKE, MODEL, USER_COMMENT = 0x010E, 0x010F, 0x0110, 0x9286
_EXIF = 0x8769
_WANTED = {DESCRIPTION, MAKE, MODEL, USER_COMMENT, _EXIF}

_MAX_ENTRIES = 256
_SIZES = {1: 1, 2: 1, 4: 4, 7: 1}
"""Bytes per value of BYTE, ASCII, LONG, UNDEFINED: the types that texts and offsets have (TIFF 6.0)."""
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


@dataclass(frozen=True, slots=True)
class Exif:
    """The texts of the main directory and of EXIF's own by tag, as bytes; `order` of the file as `struct` names it."""

    order: str
    values: Mapping[int, bytes]

    def text(self, tag: int) -> str:
        """An ASCII field, which programs fill with UTF-8; empty when there is none."""
        return _decode(self.values.get(tag, b""))

    @property
    def comment(self) -> str:
        """UserComment, with or without the character code it should begin with."""
        value = self.values.get(USER_COMMENT, b"")
        if value[:7] == b"UNICODE":
            return _decode_unicode(value[8:], self.order)
        return _decode(value[8:] if value[:8] in (b"ASCII\0\0\0", b"\0" * 8) else value)


def read_exif(block: bytes, limit: int) -> Exif | None:
    """Read a block of EXIF, each field up to `limit` bytes. None if it is none. Raises struct.error when it is cut."""
    block = block.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(block[:4])
    if order is None:
        return None
    main = _read_directory(block, order, struct.unpack_from(order + "I", block, 4)[0], limit)
    own = main.pop(_EXIF, b"")
    if len(own) == 4:
        main = _read_directory(block, order, struct.unpack(order + "I", own)[0], limit) | main
    return Exif(order, main)


def _read_directory(block: bytes, order: str, start: int, limit: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    (count,) = struct.unpack_from(order + "H", block, start)
    for number in range(min(count, _MAX_ENTRIES)):
        place = start + 2 + 12 * number
        tag, kind, amount = struct.unpack_from(order + "HHI", block, place)
        size = min(_SIZES.get(kind, 0) * amount, limit)
        if tag in _WANTED and size:
            begin = place + 8 if size <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
            found.setdefault(tag, block[begin : begin + size])
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
