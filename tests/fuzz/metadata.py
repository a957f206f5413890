"""Bytes as metadata of a picture, in each carrier, through everything that reads generation data and moments."""

import json
from collections.abc import Iterator
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image

from contracts.embedded import Embedded
from contracts.moments import Taken
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.embedded.telling import MAX_PROMPT
from handlers.inspect.moments import read_taken
from tests.fuzz.target import Target, require_storable
from tests.fuzz.trees import change_json
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.embedded.hostile import KEYWORDS, TEXTS
from tests.handlers.inspect.generators import CASES
from tests.handlers.inspect.metadata import hide_bytes

TEXT, WIDE_TEXT, EXIF, XMP, COMMENT, CHUNKS, HIDDEN = range(7)
MARKS = ("stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp")
BETWEEN = b"\xff\x00"
CANVAS = scene((128, 128))
MOST_HIDDEN = 128 * 128 // 8
WORDS = (
    *KEYWORDS, *MARKS, "Software", "NovelAI", "Source", "Description", "workflow", "class_type", "inputs", "KSampler",
    "CLIPTextEncode", "Negative prompt: ", "Steps: ", "Sampler: ", "Seed: ", "CFG scale: ", "Hashes: {", "UNICODE\0",
    "ASCII\0\0\0", "Exif\0\0MM\0*", "Exif\0\0II*\0", "<exif:UserComment>", "<xmp:CreatorTool>Draw Things",
    "<!ENTITY", "comf", "prompt:", "sui_image_params", "v4_prompt", "char_captions", "positive_prompt",
)  # fmt: skip


def open_picture(data: bytes) -> tuple[Image.Image, bytes]:
    """A loaded picture that has these bytes in one of its carriers, and the file that it came out of."""
    carrier, rest = (data[:1] or b"\0")[0] % 7, data[1:]
    if carrier == HIDDEN:
        mark = MARKS[(rest[:1] or b"\0")[0] % len(MARKS)]
        hidden = hide_bytes(CANVAS, (mark.encode() + rest[1:])[:MOST_HIDDEN], mark)
        return _as(hidden, "PNG", {}), b""
    if carrier in (TEXT, WIDE_TEXT):
        encoding = "latin-1" if carrier == TEXT else "utf-8"
        parts = [part.decode(encoding, "replace") for part in rest.split(BETWEEN)]
        return _as(CANVAS.copy(), "PNG", dict(zip(parts[::2], parts[1::2], strict=False))), b""
    if carrier == CHUNKS:
        return _as(CANVAS.copy(), "PNG", {}), rest
    name = {EXIF: "exif", XMP: "xmp", COMMENT: "comment"}[carrier]
    return _as(CANVAS.copy(), "JPEG", {name: rest}), b""


def _as(picture: Image.Image, kind: str, info: dict[Any, Any]) -> Image.Image:
    picture.format, picture.info = kind, info
    return picture


def look(data: bytes) -> None:
    """Whatever is written there: nothing, or what a database holds; never an exception."""
    image, file = open_picture(data)
    embedded, taken = read_embedded(image, file), read_taken(image)
    if embedded is not None:
        text = embedded.model_dump_json()
        assert Embedded.model_validate(json.loads(text)) == embedded
        assert max(len(embedded.prompt), len(embedded.negative_prompt)) <= MAX_PROMPT
        require_storable(embedded.prompt, embedded.negative_prompt, embedded.model or "", embedded.generator)
    if taken is not None:
        assert Taken.model_validate_json(taken.model_dump_json()) == taken
        require_storable(taken.camera or "")


def make_seeds() -> Iterator[bytes]:
    """What every generator writes, in each of its carriers, and what means harm."""
    for case in CASES:
        with Image.open(BytesIO(data := case.write(scene((64, 64))))) as image:
            image.load()
            yield from _seeds_of(image, data)
    for text in TEXTS.values():
        for keyword in KEYWORDS:
            yield bytes([WIDE_TEXT]) + keyword.encode() + BETWEEN + text[:3000].encode()
    for number, mark in enumerate(MARKS):
        yield bytes([HIDDEN, number]) + (16).to_bytes(4) + mark.encode()


def _seeds_of(image: Image.Image, data: bytes) -> Iterator[bytes]:
    texts = [(key, text) for key, text in image.info.items() if isinstance(key, str) and isinstance(text, str)]
    if texts:
        parts = [part.encode("utf-8", "replace") for pair in texts for part in pair]
        yield bytes([WIDE_TEXT]) + BETWEEN.join(parts)
    for carrier, name in ((EXIF, "exif"), (XMP, "xmp"), (COMMENT, "comment")):
        if isinstance(block := image.info.get(name), bytes):
            yield bytes([carrier]) + block
    if b"comf" in data:
        yield bytes([CHUNKS]) + data


def change(data: bytes, dice: Random) -> bytes | None:
    """The metadata with another tree in one of its texts."""
    parts = data[1:].split(BETWEEN)
    place = dice.randrange(len(parts))
    start = parts[place].find(b"{")
    if start < 0:
        return None
    text = change_json(parts[place][start:].decode("utf-8", "replace"), WORDS, dice)
    if text is None:
        return None
    parts[place] = parts[place][:start] + text.encode("utf-8", "replace")
    return data[:1] + BETWEEN.join(parts)


TARGET = Target(look, make_seeds, WORDS, change, max_bytes=8192)
