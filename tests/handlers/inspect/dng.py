"""DNG files made on the spot: as little of one as a camera's RAW file needs, around previews of the test's choice."""

import struct
from collections.abc import Sequence

ORIENTATION, OFFSET, LENGTH, PREVIEWS = 274, 273, 279, 330
BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED = 1, 2, 3, 4, 5, 10
_WIDTHS = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SIGNED: 8}
_SENSOR = (64, 48)

Entry = tuple[int, int, bytes]


def dng(previews: Sequence[tuple[bytes, tuple[int, int]]], *, orientation: int = 1, offset: int | None = None) -> bytes:
    """A DNG whose sensor saw nothing, with JPEG previews of a size each; the first is in front, as the thumbnail is.

    `offset` is where it says that the first begins, if that is to be a lie.
    """
    sensor = bytes(2 * _SENSOR[0] * _SENSOR[1])
    front = len(_folder(_front(previews, orientation, [0] * max(1, len(previews)), 0), 0))
    data = bytearray(8 + front)
    subs, start = [len(data) + len(sensor)], len(data) + len(sensor)
    data += sensor + _folder(_sensor(len(data), len(sensor)), start)
    thumbnail = len(data) if offset is None else offset
    for number, (jpeg, size) in enumerate(previews):
        if number:
            subs.append(len(data))
            room = len(_folder(_preview(size, 0, len(jpeg)), 0))
            data += _folder(_preview(size, len(data) + room, len(jpeg)), len(data))
        data += jpeg + bytes(len(jpeg) % 2)
    data[: 8 + front] = b"II*\0" + _longs(8) + _folder(_front(previews, orientation, subs, thumbnail), 8)
    return bytes(data)


def _front(
    previews: Sequence[tuple[bytes, tuple[int, int]]], orientation: int, subs: Sequence[int], thumbnail: int
) -> list[Entry]:
    entries: list[Entry] = [
        (271, ASCII, b"Test\0"),
        (272, ASCII, b"Camera\0"),
        (ORIENTATION, SHORT, _shorts(orientation)),
        (PREVIEWS, LONG, _longs(*subs)),
        (50706, BYTE, bytes([1, 4, 0, 0])),
        (50708, ASCII, b"Camera\0"),
        (50721, SIGNED, _longs(*(number for unit in (1, 0, 0, 0, 1, 0, 0, 0, 1) for number in (unit, 1)))),
        (50778, SHORT, _shorts(21)),
    ]
    return entries + (_preview(previews[0][1], thumbnail, len(previews[0][0])) if previews else [])


def _sensor(start: int, length: int) -> list[Entry]:
    return [
        (254, LONG, _longs(0)), (256, LONG, _longs(_SENSOR[0])), (257, LONG, _longs(_SENSOR[1])),
        (258, SHORT, _shorts(16)), (259, SHORT, _shorts(1)), (262, SHORT, _shorts(32803)),
        (OFFSET, LONG, _longs(start)), (277, SHORT, _shorts(1)), (278, LONG, _longs(_SENSOR[1])),
        (LENGTH, LONG, _longs(length)), (33421, SHORT, _shorts(2, 2)), (33422, BYTE, bytes([0, 1, 1, 2])),
    ]  # fmt: skip


def _preview(size: tuple[int, int], start: int, length: int) -> list[Entry]:
    return [
        (254, LONG, _longs(1)), (256, LONG, _longs(size[0])), (257, LONG, _longs(size[1])),
        (258, SHORT, _shorts(8, 8, 8)), (259, SHORT, _shorts(7)), (262, SHORT, _shorts(6)),
        (OFFSET, LONG, _longs(start)), (277, SHORT, _shorts(3)), (278, LONG, _longs(size[1])),
        (LENGTH, LONG, _longs(length)),
    ]  # fmt: skip


def _folder(entries: list[Entry], start: int) -> bytes:
    """A directory of TIFF as it stands at `start`, with its longer values behind it."""
    lines, values, place = b"", b"", start + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        held = value.ljust(4, b"\0")
        if len(value) > 4:
            held = _longs(place + len(values))
            values += value + bytes(len(value) % 2)
        lines += struct.pack("<HHI", tag, kind, len(value) // _WIDTHS[kind]) + held
    return _shorts(len(entries)) + lines + _longs(0) + values


def _shorts(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}H", *numbers)


def _longs(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)
