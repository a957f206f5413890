"""Metadata as programs put it into files: text chunks, EXIF, XMP, the lowest bits of pixels."""

import gzip
import struct
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin

DESCRIPTION, MAKE, MODEL, SOFTWARE, USER_COMMENT, MAKER_NOTE = 0x010E, 0x010F, 0x0110, 0x0131, 0x9286, 0x927C
EXIF = 0x8769
ASCII, LONG, RATIONAL, UNDEFINED, SRATIONAL = 2, 4, 5, 7, 10
_SIZES = {LONG: 4, RATIONAL: 8, SRATIONAL: 8}

Tags = Mapping[int, tuple[int, bytes]]
"""Type and value of each field."""


def with_texts(
    picture: Image.Image, texts: Mapping[str, str], *, international: bool = False, **options: object
) -> bytes:
    """Return a PNG with text chunks, as Pillow chooses them, or all of them international."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        if international:
            info.add_itxt(keyword, text)
        else:
            info.add_text(keyword, text)
    return encode(picture, "PNG", pnginfo=info, **options)


def with_chunks(picture: Image.Image, chunks: list[tuple[bytes, bytes]], **options: object) -> bytes:
    """Return a PNG with chunks of any kind behind its pixels."""
    info = PngImagePlugin.PngInfo()
    for kind, data in chunks:
        info.add(kind, data, after_idat=True)
    return encode(picture, "PNG", pnginfo=info, **options)


def with_compressed(picture: Image.Image, keyword: str, text: str) -> bytes:
    """Return a PNG with one compressed text."""
    info = PngImagePlugin.PngInfo()
    info.add_text(keyword, text, zip=True)
    return encode(picture, "PNG", pnginfo=info)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return the picture as a file."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif(main: Tags, own: Tags | None = None, order: str = ">") -> bytes:
    """Return a block of EXIF with a main directory and, if there are fields for it, EXIF's own."""
    header = {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(order + "I", 8)
    if own is None:
        return b"Exif\0\0" + header + _directory(main, order, 8)
    link = (LONG, struct.pack(order + "I", 0))
    size = len(_directory({**main, EXIF: link}, order, 8))
    link = (LONG, struct.pack(order + "I", 8 + size))
    return b"Exif\0\0" + header + _directory({**main, EXIF: link}, order, 8) + _directory(own, order, 8 + size)


def user_comment(text: str, *, order: str = ">", code: bytes = b"UNICODE\0", encoding: str = "utf-16-be") -> bytes:
    """Return EXIF that holds nothing but this comment."""
    return exif({}, {USER_COMMENT: (UNDEFINED, code + text.encode(encoding))}, order)


def ratio(numerator: int, denominator: int) -> tuple[int, bytes]:
    """Return a fraction for EXIF of the usual order, signed if it is negative."""
    kind, form = (SRATIONAL, ">ii") if min(numerator, denominator) < 0 else (RATIONAL, ">II")
    return kind, struct.pack(form, numerator, denominator)


def packet(creator: str, comment: str, description: str = "") -> bytes:
    """Return XMP of the shape that Apple's frameworks write."""
    comment, description = (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "&#xA;")
        for text in (comment, description)
    )
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">
   <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
            xmlns:dc="http://purl.org/dc/elements/1.1/"
            xmlns:xmp="http://ns.adobe.com/xap/1.0/"
            xmlns:exif="http://ns.adobe.com/exif/1.0/">
         <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{description}</rdf:li></rdf:Alt></dc:description>
         <xmp:CreatorTool>{creator}</xmp:CreatorTool>
         <exif:UserComment>
            <rdf:Alt>
               <rdf:li xml:lang="x-default">{comment}</rdf:li>
            </rdf:Alt>
         </exif:UserComment>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
""".encode()


def hide(picture: Image.Image, text: str, mark: str) -> Image.Image:
    """Return the picture with a text in its lowest bits, as the extension "stealth pnginfo" and NovelAI do."""
    body = gzip.compress(text.encode(), mtime=0) if mark.endswith("comp") else text.encode()
    return hide_bytes(picture, mark.encode() + struct.pack(">I", len(body) * 8) + body, mark)


def hide_bytes(picture: Image.Image, data: bytes, mark: str = "stealth_pngcomp") -> Image.Image:
    """Return the picture with these bytes in the lowest bits of the channels that the mark means."""
    alpha = "png" in mark
    pixels = np.array(picture.convert("RGBA" if alpha else "RGB")).transpose(1, 0, 2)
    channels = pixels[..., 3:] if alpha else pixels
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    flat = channels.reshape(-1)
    flat[: len(bits)] = flat[: len(bits)] & 0xFE | bits
    if alpha:
        pixels[..., 3:] = flat.reshape(channels.shape)
    else:
        pixels = flat.reshape(channels.shape)
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 0, 2)))


def _directory(tags: Tags, order: str, place: int) -> bytes:
    """One directory with its values behind it, to stand at `place`."""
    entries, values = b"", b""
    end = place + 2 + 12 * len(tags) + 4
    for tag, (kind, value) in sorted(tags.items()):
        count = len(value) // _SIZES.get(kind, 1)
        entries += struct.pack(order + "HHI", tag, kind, count)
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", end + len(values))
            values += value + b"\0" * (len(value) % 2)
    return struct.pack(order + "H", len(tags)) + entries + b"\0\0\0\0" + values
