"""Text in a picture that this server can read: black and white blocks along the upper edge, as a bar code.

It outlives a JPEG at usual quality, not scaling. A row of blocks holds `width // BLOCK` bits; the text's UTF-8 bytes
follow a mark, their number and their checksum.
"""

import io
import zlib

from PIL import Image, ImageDraw, UnidentifiedImageError

BLOCK = 8
"""Pixels of a block's side: one cell of a JPEG."""
_MARK = b"\xb5\x1d"
_HEAD = len(_MARK) + 1 + 4
_GREY = 128


def write_text(image: Image.Image, text: str) -> None:
    """Put a text of at most 255 bytes along the upper edge of an RGB or grey picture. Raises ValueError: no room."""
    raw = text.encode()
    if len(raw) > 0xFF:
        raise ValueError("the text is too long")
    framed = _MARK + bytes([len(raw)]) + zlib.crc32(raw).to_bytes(4, "big") + raw
    bits = "".join(f"{byte:08b}" for byte in framed)
    columns = image.width // BLOCK
    if not columns or -(-len(bits) // columns) * BLOCK > image.height:
        raise ValueError("the picture is too small for the text")
    pen = ImageDraw.Draw(image)
    for number, bit in enumerate(bits):
        x, y = number % columns * BLOCK, number // columns * BLOCK
        pen.rectangle((x, y, x + BLOCK - 1, y + BLOCK - 1), fill="white" if bit == "1" else "black")


def read_picture(data: bytes) -> str:
    """The text in an encoded picture; empty when there is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return read_text(image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, UnidentifiedImageError):
        return ""


def read_text(grey: Image.Image) -> str:
    """The text in a grey picture; empty when there is none."""
    head = _bytes(grey, _HEAD)
    if not head.startswith(_MARK):
        return ""
    whole = _bytes(grey, _HEAD + head[len(_MARK)])
    raw = whole[_HEAD:]
    if zlib.crc32(raw).to_bytes(4, "big") != head[len(_MARK) + 1 :]:
        return ""
    return raw.decode(errors="replace")


def _bytes(grey: Image.Image, number: int) -> bytes:
    columns = grey.width // BLOCK
    if not columns or -(-8 * number // columns) * BLOCK > grey.height:
        return b""
    middles = (BLOCK // 2, BLOCK // 2)
    bits = [
        grey.getpixel((bit % columns * BLOCK + middles[0], bit // columns * BLOCK + middles[1])) > _GREY  # type: ignore[operator]
        for bit in range(8 * number)
    ]
    return bytes(
        sum(bit << 7 - at for at, bit in enumerate(bits[start : start + 8])) for start in range(0, len(bits), 8)
    )
