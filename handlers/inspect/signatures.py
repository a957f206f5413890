"""What the first and last bytes of a file say, to name a decoder's failure."""

from collections.abc import Callable

_BRANDS = frozenset(
    [
        b"avif",
        b"avis",
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"hevm",
        b"hevs",
        b"mif1",
        b"msf1",
    ]
)


_RAW = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW ")
"""TIFF, which most are (CR2, NEF, ARW, DNG, PEF, SRW); ORF; RW2; RAF."""


def looks_raw(data: bytes) -> bool:
    """Whether the bytes begin as those of a camera's RAW file do."""
    return data.startswith(_RAW) or data[4:12] == b"ftypcrx "


def looks_supported(data: bytes) -> bool:
    """Whether the bytes begin as one of our formats does."""
    return _ending(data) is not None


def is_cut_short(data: bytes) -> bool:
    """Whether the bytes begin as one of our formats does, and end before it may end."""
    is_complete = _ending(data)
    return is_complete is not None and not is_complete(data)


def _ending(data: bytes) -> Callable[[bytes], bool] | None:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_ends
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return lambda data: data.rfind(b"IEND") > 0
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return lambda data: int.from_bytes(data[4:8], "little") + 8 <= len(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return lambda data: data.rstrip(b"\0").endswith(b";")
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        return _boxes_end
    return None


def _jpeg_ends(data: bytes) -> bool:
    """Whether an end marker follows the start of scan; a thumbnail's comes before it."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return data.find(b"\xff\xd9", position) > 0


def _boxes_end(data: bytes) -> bool:
    """Whether the boxes (ISO/IEC 14496-12, 4.2) end where the file does; 0 is "to the end"."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4])
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16])
        if size < 8:
            return size == 0
        position += size
    return position == len(data)
