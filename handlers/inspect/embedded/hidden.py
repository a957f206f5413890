"""Texts in the lowest bits of the pixels ("stealth"), column by column: in the alpha channel, or in red, green, blue.

sd-parsers reads one of the four kinds, too, but turns all pixels into Python objects first: gigabytes for a photograph.
"""

import zlib

import numpy as np
from PIL import Image

_MARKS = {"A": ("stealth_pnginfo", "stealth_pngcomp"), "RGB": ("stealth_rgbinfo", "stealth_rgbcomp")}
_MARK_BYTES = 15
_COMPRESSED = "comp"
_LENGTH_BYTES = 4
_GZIP = zlib.MAX_WBITS | 16


def read_hidden(image: Image.Image, limit: int) -> str:
    """The text in a loaded picture, else nothing. Raises ValueError or zlib.error when it is broken or over `limit`."""
    for channels, marks in _MARKS.items():
        if not set(channels) <= set(image.getbands()):
            continue
        head = _take(image, channels, _MARK_BYTES + _LENGTH_BYTES)
        mark = head[:_MARK_BYTES].decode("latin-1")
        if mark in marks:
            size = int.from_bytes(head[_MARK_BYTES:]) // 8
            if size > limit:
                raise ValueError(size)
            body = _take(image, channels, len(head) + size)[len(head) :]
            return (_unfold(body, limit) if mark.endswith(_COMPRESSED) else body).decode()
    return ""


def _take(image: Image.Image, channels: str, size: int) -> bytes:
    """The first bytes of what the bits make, from as many columns as they need."""
    columns = -(-size * 8 // (len(channels) * image.height))
    part = image.crop((0, 0, min(columns, image.width), image.height))
    planes = np.stack([np.asarray(part.getchannel(channel)) for channel in channels], axis=-1)
    return np.packbits(planes.transpose(1, 0, 2).ravel() & 1).tobytes()[:size]


def _unfold(body: bytes, limit: int) -> bytes:
    unfolding = zlib.decompressobj(_GZIP)
    text = unfolding.decompress(body, limit)
    if unfolding.unconsumed_tail:
        raise ValueError(limit)
    return text
