"""Where generators leave texts in a file, each turned into fields by name: as a PNG's text chunks are to begin with."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress

from PIL import Image, PngImagePlugin

from handlers.inspect.embedded.hidden import read_hidden
from handlers.inspect.embedded.packets import read_comment
from handlers.inspect.embedded.telling import parse_json
from handlers.inspect.exif import DESCRIPTION, MAKE, MODEL, read_exif

Fields = Mapping[str, object]

MAX_TEXT = 2 * 1024 * 1024
"""Characters of one text. A graph of ComfyUI may hold a small picture; Pillow unfolds compressed ones to half of it."""
_MAX_PACKET = 256 * 1024
"""Bytes of XMP: its elements, nested, take a microsecond each."""
_MAX_FIELDS = 200
_MAX_CHUNKS = 20_000
_GRAPHS = ("prompt:", "workflow:")
_LOSSLESS = {"PNG", "WEBP"}


def find_chunks(image: Image.Image, data: bytes) -> Iterator[Fields]:
    """The text chunks of a PNG, and those of ComfyUI's own kind, which it puts behind an animation."""
    if image.format != "PNG":
        return
    yield {
        keyword: _mend(text)
        for keyword, text in list(image.info.items())[:_MAX_FIELDS]
        if isinstance(keyword, str) and isinstance(text, str) and len(text) <= MAX_TEXT
    }
    if b"comf" in data:
        pairs = (chunk.partition(b"\0") for chunk in _chunks(data, b"comf"))
        yield {keyword.decode("latin-1"): text.decode("latin-1") for keyword, _, text in pairs}


def find_remarks(image: Image.Image, data: bytes) -> Iterator[Fields]:  # noqa: ARG001 - all carriers are asked alike
    """EXIF's UserComment and other texts, and the comment of a JPEG or GIF: a text of A1111's kind, or JSON."""
    block = image.info.get("exif")
    exif = read_exif(block, MAX_TEXT) if isinstance(block, bytes) else None
    if exif is not None:
        yield from _read_remark(exif.comment)
        texts = [exif.text(tag) for tag in (MODEL, MAKE, DESCRIPTION)]
        yield dict(pair for text in texts if (pair := _split(text)))
        for text in texts:
            yield from _read_remark(text)
    comment = image.info.get("comment")
    if isinstance(comment, bytes) and len(comment) <= MAX_TEXT:
        yield from _read_remark(comment.decode("utf-8", "replace"))


def find_packet(image: Image.Image, data: bytes) -> Iterator[Fields]:  # noqa: ARG001
    """XMP."""
    packet = image.info.get("xmp")
    if isinstance(packet, bytes) and len(packet) <= _MAX_PACKET:
        yield from _read_remark(read_comment(packet))


def find_hidden(image: Image.Image, data: bytes) -> Iterator[Fields]:  # noqa: ARG001
    """The lowest bits of the pixels, where the format keeps them."""
    if image.format in _LOSSLESS:
        yield from _read_remark(read_hidden(image, MAX_TEXT))


def _read_remark(text: str) -> Iterator[Fields]:
    if text.startswith("{"):
        with suppress(ValueError, RecursionError):
            fields = parse_json(text)
            if isinstance(fields, dict):
                yield fields
    if text:
        yield {"parameters": text}


def _split(text: str) -> tuple[str, str] | None:
    """A field of EXIF that says itself what it holds, as ComfyUI's do."""
    for name in _GRAPHS:
        if text[: len(name)].lower() == name:
            return name[:-1], text[len(name) :].strip()
    return None


def _mend(text: str) -> str:
    """A chunk in UTF-8 where the format says Latin-1: some programs write such, and little else is valid UTF-8."""
    if isinstance(text, PngImagePlugin.iTXt) or text.isascii():
        return str(text)
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _chunks(data: bytes, kind: bytes) -> Iterator[bytes]:
    place = 8
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, place)
        if data[place + 4 : place + 8] == kind and length <= MAX_TEXT:
            yield data[place + 8 : place + 8 + length]
        place += length + 12
