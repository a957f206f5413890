"""Metadata that cameras, phones, editors and screenshots write: nothing in it is a prompt."""

import json
from collections.abc import Callable

from PIL import Image

from tests.handlers.inspect.metadata import (
    ASCII,
    DESCRIPTION,
    MAKE,
    MODEL,
    SOFTWARE,
    UNDEFINED,
    USER_COMMENT,
    encode,
    exif,
    packet,
    user_comment,
    with_compressed,
    with_texts,
)

_CAMERA = {
    MAKE: (ASCII, b"Canon\0"),
    MODEL: (ASCII, b"Canon EOS R5\0"),
    SOFTWARE: (ASCII, b"Adobe Photoshop Lightroom Classic 13.2\0"),
    DESCRIPTION: (ASCII, b"prompt service at the harbour: 20 steps, one seed\0"),
}
_PROSE = "Steps to the castle: 99, Sampler of cakes: yes, Seed: poppy, Size: large.\nNegative prompt: none of it"
_PHONE = '{"mirror":false,"sensor_type":"rear","filter_id":0,"seed":7,"c":"0","size":"12M"}'
_EDITOR = json.dumps(
    {"prompt": {"1": {"class": "Layer"}}, "workflow": "export", "seed": 3, "model": "E-M5", "sampler": "bicubic"}
)
_APPLE = packet("Screenshot 17.2", "Screenshot", "Bildschirmfoto")
_LIKE = {"c": "colour", "uc": "", "seed": 1, "size": "2x2", "steps": 3, "sampler": "a", "scale": 2, "strength": 1}
_DRAWN = packet("Draw Things of my own", json.dumps(_LIKE))
_TALK = packet("GIMP 2.10", "Made after the tutorial of Draw Things")


def _camera(picture: Image.Image) -> bytes:
    blank = {USER_COMMENT: (UNDEFINED, b"ASCII\0\0\0" + b" " * 120)}
    return encode(picture, "JPEG", exif=exif(_CAMERA, blank, "<"), xmp=packet("Lightroom", "", "Steps: 4"))


def _editor(picture: Image.Image) -> bytes:
    texts = {"Software": "GIMP 2.10", "Comment": "Created with GIMP", "Creation Time": "2024:05:01", "Title": "NovelAI"}
    return with_texts(picture, texts)


def _archive(picture: Image.Image) -> bytes:
    texts = {
        "Title": "Harbour", "Author": "M. Muster", "Description": "A harbour, Steps: 12", "Source": "Scanner 2 A1",
        "Comment": '{"sampler": "bicubic", "seed": 5, "uc": "x"}', "Software": "VueScan", "Dream": "of the sea",
    }  # fmt: skip
    return with_texts(picture, texts)


def _pipeline(picture: Image.Image) -> bytes:
    texts = {
        "parameters": '{"exposure": 3, "seed": 12, "sampler": "grid", "prompt": "none"}', "prompt": "Shoot at f/8.",
        "workflow": '{"nodes": []}', "seed": "12", "negative_prompt": "", "sd-metadata": '{"image": {"id": 4}}',
    }  # fmt: skip
    return with_texts(picture, texts)


def _comment(picture: Image.Image) -> bytes:
    return encode(picture, "JPEG", comment=b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v80), quality = 90\n")


ORDINARY: dict[str, Callable[[Image.Image], bytes]] = {
    "a camera": _camera,
    "prose": lambda picture: encode(picture, "JPEG", exif=user_comment(_PROSE)),
    "prose in WebP": lambda picture: encode(picture, "WEBP", exif=user_comment(_PROSE)),
    "a phone": lambda picture: encode(picture, "JPEG", exif=user_comment(_PHONE, code=b"", encoding="utf-8")),
    "JSON of an editor": lambda picture: encode(picture, "JPEG", exif=user_comment(_EDITOR)),
    "a screenshot": lambda picture: encode(picture.convert("RGBA"), "PNG", xmp=_APPLE, exif=user_comment("Screenshot")),
    "a packet of a namesake": lambda picture: encode(picture, "JPEG", xmp=_DRAWN),
    "a packet that mentions one": lambda picture: encode(picture, "WEBP", xmp=_TALK, lossless=True),
    "an editor": _editor,
    "an archive": _archive,
    "a pipeline": _pipeline,
    "compressed prose": lambda picture: with_compressed(picture, "parameters", _PROSE),
    "a comment": _comment,
    "nothing": lambda picture: encode(picture.convert("RGBA"), "PNG"),
}
