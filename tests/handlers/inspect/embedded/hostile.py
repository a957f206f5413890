"""Metadata that means harm: too much of it, too deep, in circles, of wrong types, in wrong encodings."""

import gzip
import json
import struct
from collections.abc import Callable, Mapping

from PIL import Image, PngImagePlugin

from tests.handlers.inspect.generated import graphs
from tests.handlers.inspect.generated.a1111 import infotext
from tests.handlers.inspect.metadata import (
    ASCII,
    EXIF,
    LONG,
    MODEL,
    UNDEFINED,
    USER_COMMENT,
    encode,
    exif,
    hide_bytes,
    packet,
    user_comment,
    with_chunks,
    with_texts,
)

MEGABYTE = 1024 * 1024
DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 100_000
KEYWORDS = ("parameters", "prompt", "invokeai_metadata", "sd-metadata", "Dream", "Comment", "sui_image_params")

Write = Callable[[Image.Image], bytes]


def in_field(keyword: str, text: str) -> Write:
    """Return a writer of PNG with this text in one field, and whatever else its reader asks for."""
    rest = {"Software": "NovelAI", "Source": text, "Description": text} if keyword == "Comment" else {}
    return lambda picture: with_texts(picture, {keyword: text, **rest}, compress_level=1)


def _graph(prompt: object) -> Write:
    return lambda picture: with_texts(picture, {"prompt": json.dumps(prompt)})


def _in_exif(block: bytes) -> Write:
    return lambda picture: encode(picture, "WEBP", exif=block)


def _hidden(data: bytes) -> Write:
    return lambda picture: encode(hide_bytes(picture, data), "PNG")


def _raw_chunk(kind: bytes, data: bytes) -> Write:
    return lambda picture: with_chunks(picture, [(kind, data)])


def _folded(picture: Image.Image) -> bytes:
    """Compressed texts that stay just below what Pillow refuses."""
    info = PngImagePlugin.PngInfo()
    for keyword in KEYWORDS:
        info.add_text(keyword, "Sampler: " * (MEGABYTE // 9), zip=True)
    return encode(picture, "PNG", pnginfo=info)


def _xmp(text: bytes) -> Write:
    return lambda picture: encode(picture, "WEBP", xmp=text)


def _circle(length: int) -> graphs.Graph:
    """Prompts that lead to each other round and round."""
    ring = {
        str(n): graphs.node("ConditioningCombine", conditioning_1=[str((n + 1) % length), 0]) for n in range(length)
    }
    return {**ring, "s": graphs.sampler("0", "1")}


def _chain(length: int) -> graphs.Graph:
    """A prompt behind thousands of nodes that pass it on."""
    links = {str(n): graphs.node("Conditioning", conditioning=[str(n + 1), 0]) for n in range(length)}
    return {**links, str(length): graphs.typed("at last"), "s": graphs.sampler("0", "0")}


def _crowd(length: int) -> graphs.Graph:
    """Thousands of samplers, each of which needs the one before."""
    crowd = {str(n): graphs.sampler("a", "b", seed=[str(n - 1), 0], latent=str(n - 1)) for n in range(length)}
    return {**crowd, "a": graphs.typed("x"), "b": graphs.typed("y")}


def _entries(count: int) -> bytes:
    """EXIF with many fields, all of which are the same large block."""
    entries = b"".join(struct.pack(">HHII", number, UNDEFINED, 900_000, 8) for number in range(count))
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, count) + entries + b"\0" * 900_000


_SELF = exif({EXIF: (LONG, struct.pack(">I", 8)), MODEL: (ASCII, b"prompt:{\0")})
_BOMB = gzip.compress(b"\0" * (20 * MEGABYTE))
_LONG_KEYS = ",".join(f"{'word ' * 900}" for _ in range(3))
_SURROGATES = '{"sui_image_params": {"prompt": "a\\ud800b\\u0000c", "seed": 1, "model": "\\udfff"}}'
_WRONG: list[object] = [None, True, 1.5, [], {}, "", -1, [[]], {"a": [None]}]

_FOOCUS = ("prompt", "negative_prompt", "base_model", "base_model_hash", "sampler", "seed")


def _wrong(keyword: str, value: object) -> list[object]:
    """One value where the readers of this field expect others, at every depth."""
    if keyword == "prompt":
        inputs = {"positive": value, "negative": ["1", 0], "steps": value, "seed": value, "model": value}
        nodes = (value, {"class_type": value, "inputs": value}, {"class_type": "KSampler", "inputs": inputs})
        return [value, *({"1": node} for node in nodes), {"1": graphs.sampler("1", "1", seed=value)}]
    if keyword == "sd-metadata":
        return [value, {"image": value}, {"image": {"prompt": value, "sampler": value}}, {"image": {"prompt": [value]}}]
    if keyword == "invokeai_metadata":
        return [value, {"positive_prompt": value, "generation_mode": value, "model": value, "seed": value}]
    if keyword == "Comment":
        caption = {"caption": {"char_captions": value}}
        return [
            value,
            {"sampler": value, "prompt": value, "uc": value, "v4_prompt": value, "v4_negative_prompt": caption},
        ]
    swarm = {"sui_image_params": {"prompt": value, "negativeprompt": value, "model": value}}
    return [value, {"sui_image_params": value}, swarm, dict.fromkeys(_FOOCUS, value)]


WRONG_TYPES: tuple[tuple[str, str], ...] = tuple(
    (keyword, json.dumps(wrong))
    for keyword in ("prompt", "sd-metadata", "invokeai_metadata", "Comment", "parameters")
    for value in _WRONG
    for wrong in _wrong(keyword, value)
)
"""A field, and a text for it."""

TEXTS: Mapping[str, str] = {
    "a megabyte of text": "a" * MEGABYTE,
    "a megabyte of blanks": " " * MEGABYTE,
    "a megabyte of brackets": "[" * MEGABYTE,
    "a megabyte of settings": "\n".join(["Hashes: {" * 1_700 + "Sampler:"] * 60),
    "a line of settings without end": infotext(more=", a: " + "b" * MEGABYTE),
    "runs of blanks": "\n".join(["Sampler:, Hashes:" + " " * 15_000] * 60),
    "thousands of lines of settings": "Sampler: x\n" * 90_000,
    "long keys": f"Steps: 1, Sampler: a, Seed: 3, CFG scale: 4, {_LONG_KEYS}",
    "open quotes": "Steps: 1, Sampler: a, Seed: 3, CFG scale: 4" + ', k: "' * 2_000,
    "backslashes": 'Steps: 1, Sampler: a, Seed: 3, CFG scale: 4, k: "' + "\\" * 15_000,
    "deep JSON": DEEP,
    "deep objects": '{"sui_image_params":' * 50_000,
    "a huge integer": f'{{"image": {HUGE}, "sui_image_params": {{"prompt": "a", "seed": {HUGE}}}}}',
    "a dream of blanks": '"a" ' + " " * 7_900 + "-",
    "NUL": "\0" * 1000,
    "a lone surrogate": _SURROGATES,
}
"""For whichever field."""

FILES: Mapping[str, Write] = {
    "a circle": _graph(_circle(500)),
    "a prompt that is its own": _graph({"1": graphs.sampler("1", "1", ["1", 0], "1")}),
    "ten thousand nodes": _graph(_chain(10_000)),
    "a crowd of samplers": _graph(_crowd(3_000)),
    "too many nodes": _graph({str(number): [] for number in range(50_000)}),
    "JSON in EXIF, deep": _in_exif(user_comment(DEEP)),
    "EXIF that is its own directory": _in_exif(_SELF),
    "EXIF of large fields": _in_exif(_entries(5_000)),
    "EXIF that ends early": _in_exif(exif({}, {USER_COMMENT: (UNDEFINED, b"UNICODE\0a")})[:40]),
    "EXIF from nowhere": _in_exif(b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "half a character": _in_exif(user_comment(infotext(), encoding="utf-16-be")[:-1]),
    "a lone surrogate in UTF-16": _in_exif(exif({}, {USER_COMMENT: (UNDEFINED, b"UNICODE\0\xd8\0\0a" * 9)})),
    "a wrong encoding": _raw_chunk(b"iTXt", b"parameters\0\0\0\0\0\xff\xfe\xfd"),
    "a text without keyword": _raw_chunk(b"tEXt", b"\0" + b"x" * 9),
    "a chunk of ComfyUI's, cut": _raw_chunk(b"comf", b'prompt\0{"1":'),
    "entities": _xmp(b'<!DOCTYPE a [<!ENTITY b "Draw Things"><!ENTITY c "&b;&b;">]>' + packet("&c;", "{}")),
    "a broken packet": _xmp(packet("Draw Things", '{"c": "a"}')[:-9]),
    "a deep packet": _xmp(b"<a>" * 80_000 + b"Draw Things" + b"</a>" * 3),
    "a packet in UTF-16": _xmp(packet("Draw Things", "{}").decode().encode("utf-16")),
    "a hidden bomb": _hidden(b"stealth_pngcomp" + struct.pack(">I", len(_BOMB) * 8) + _BOMB),
    "a hidden length": _hidden(b"stealth_pngcomp\xff\xff\xff\xff"),
    "a hidden text that is none": _hidden(b"stealth_pnginfo" + struct.pack(">I", 80) + b"\xff" * 10),
    "hidden and cut": _hidden(b"stealth_pngcomp" + struct.pack(">I", 8_000_000) + gzip.compress(b"a")[:9]),
    "texts that unfold to a megabyte": _folded,
}
