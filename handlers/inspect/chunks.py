"""The chunks of a PNG, without those that unfold to more than anybody wants to hold."""

import zlib
from collections.abc import Iterator
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_OF_ONE: Final = 1024 * 1024
"""Bytes that one compressed text or profile may unfold to: what Pillow takes."""
MOST_OF_ALL: Final = 32 * 1024 * 1024
"""Bytes of all texts and profiles: half of what Pillow takes. Once they are unfolded, no other is looked at."""
_FRAME: Final = 12
"""Bytes of a chunk around what it holds: length, kind, checksum."""
_PLAIN: Final = b"tEXt"
_FOLDED: Final = (b"zTXt", b"iTXt", b"iCCP")


def drop_bombs(data: bytes) -> bytes:
    """The PNG without texts and colour profiles that are too large; everything else byte by byte, also what is broken.

    Of a bomb no more is unfolded than shows it, and of all together no more than `MOST_OF_ALL`.
    """
    view, left = memoryview(data), MOST_OF_ALL
    kept = [view[: len(PNG)]]
    for kind, chunk in _read_chunks(view):
        if kind == _PLAIN or kind in _FOLDED:
            size, folded = _measure(kind, chunk[8:-4].tobytes()) if left > 0 else (MOST_OF_ALL, False)
            left -= min(size, MOST_OF_ONE) if folded else size
            if left <= 0 or (size > MOST_OF_ONE and folded):
                continue
        kept.append(chunk)
    return b"".join(kept)


def _read_chunks(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """(kind, the whole chunk); what is no whole chunk at the end has no kind."""
    at = len(PNG)
    while at < len(view):
        end = at + _FRAME + int.from_bytes(view[at : at + 4])
        if end > len(view):
            yield b"", view[at:]
            return
        yield view[at + 4 : at + 8].tobytes(), view[at:end]
        at = end


def _measure(kind: bytes, body: bytes) -> tuple[int, bool]:
    """How many bytes the text comes to, and whether it is compressed; then `MOST_OF_ONE` + 1 for whatever is more."""
    _, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        compressed, rest = rest[:1] not in (b"\0", b""), rest[2:]  # any other flag, as Pillow takes it
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]
        if not compressed:
            return len(rest), False
    elif kind == _PLAIN:
        return len(rest), False
    else:
        rest = rest[1:]
    unfolding = zlib.decompressobj()
    try:
        size = len(unfolding.decompress(rest, MOST_OF_ONE))
    except zlib.error:
        return 0, True
    return size + bool(unfolding.unconsumed_tail), True
