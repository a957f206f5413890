"""Photographs with the metadata that photographs have: a prompt found in one of them is a false find."""

import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from bench.quality.data import SOURCES, Sample, find, load
from bench.quality.defects import to_image
from bench.quality.prompts.remarks import APPS, CHUNKS, COMMENTS, LONG, MACHINES, PACKET, SAID, TOOLS

LONGEST = 320
"""Pixels of the long side: what is read does not depend on it."""
_EXIF_TEXTS = (ExifTags.Base.ImageDescription, ExifTags.Base.Artist, ExifTags.Base.XPComment, ExifTags.Base.XPTitle)
_CHARSETS: tuple[Callable[[str], bytes], ...] = (
    lambda text: b"UNICODE\0" + text.encode("utf-16-le"),
    lambda text: b"UNICODE\0" + text.encode("utf-16-be"),
    lambda text: b"ASCII\0\0\0" + text.encode("utf-8"),
    lambda text: b"\0" * 8 + text.encode("utf-8"),
)
"""As cameras and editors write a UserComment; the standard's JIS is not met any more."""

Write = Callable[[Image.Image, int], bytes]
"""Makes a file of a picture; the number chooses what is said in it."""


def load_photographs() -> tuple[Sample, ...]:
    """Every photograph of both halves, by the name of its file."""
    return tuple(
        Sample(name_file(find(source)), sample.read)
        for half, sources in SOURCES.items()
        for source, sample in zip(sources, load(half), strict=False)  # drawn ones come last
    )


def name_file(path: Path) -> str:
    """What tells it from other files of the packages, and not its formats from each other."""
    return f"{path.parent.name}/{path.stem}"


def write_all(photograph: Sample, number: int) -> Iterator[tuple[str, str, bytes]]:
    """What is written into it, the format, and the file, for each way of writing metadata."""
    image = to_image(photograph.read())
    image.thumbnail((LONGEST, LONGEST))
    for way, formats in WAYS.items():
        for place, (kind, write) in enumerate(formats.items()):
            yield way, kind, write(image, number + place * 7)


def _save(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _exif(number: int, comment: bytes | None = None, *, texts: bool = False) -> bytes:
    exif = Image.Exif()
    make, model, software = MACHINES[number % len(MACHINES)]
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model], exif[ExifTags.Base.Software] = make, model, software
    exif[ExifTags.Base.DateTime] = "2024:05:14 10:11:12"
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExposureTime], inner[ExifTags.Base.FNumber] = 1 / 250, 2.8
    inner[ExifTags.Base.ISOSpeedRatings], inner[ExifTags.Base.LensModel] = 400, "85mm F1.8"
    if comment is not None:
        inner[ExifTags.Base.UserComment] = comment
    for place, tag in enumerate(_EXIF_TEXTS if texts else ()):
        said = _said(number + place)
        exif[tag] = said.encode("utf-16-le") + b"\0\0" if tag.name.startswith("XP") else said
    return exif.tobytes()


def _said(number: int) -> str:
    return SAID[number % len(SAID)]


def _packet(number: int) -> bytes:
    return PACKET.format(tool=TOOLS[number % len(TOOLS)], said=escape(_said(number))).encode()


def _camera(kind: str) -> Write:
    return lambda image, number: _save(image, kind, exif=_exif(number))


def _user_comment(kind: str) -> Write:
    def write(image: Image.Image, number: int) -> bytes:
        return _save(image, kind, exif=_exif(number, _CHARSETS[number % len(_CHARSETS)](_said(number))))

    return write


def _long(kind: str) -> Write:
    def write(image: Image.Image, number: int) -> bytes:
        text = LONG[number % len(LONG)]
        if kind == "PNG":
            info = PngImagePlugin.PngInfo()
            info.add_itxt(("Description", "Comment", "Title")[number % 3], text)
            return _save(image, kind, pnginfo=info)
        return _save(image, kind, exif=_exif(number, _CHARSETS[number % len(_CHARSETS)](text)))

    return write


def _app(kind: str) -> Write:
    def write(image: Image.Image, number: int) -> bytes:
        return _save(image, kind, exif=_exif(number, b"ASCII\0\0\0" + APPS[number % len(APPS)].encode()))

    return write


def _texts(kind: str) -> Write:
    return lambda image, number: _save(image, kind, exif=_exif(number, texts=True))


def _xmp(kind: str) -> Write:
    return lambda image, number: _save(image, kind, xmp=_packet(number), exif=_exif(number))


def _png_xmp(image: Image.Image, number: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _packet(number).decode())
    return _save(image, "PNG", pnginfo=info)


def _chunks(image: Image.Image, number: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in CHUNKS[number % len(CHUNKS)].items():
        info.add_itxt(name, text.replace("%s", _said(number)), zip=bool(number % 2))
    return _save(image, "PNG", pnginfo=info)


def _json_chunk(image: Image.Image, number: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", APPS[number % len(APPS)])
    return _save(image, "PNG", pnginfo=info)


def _comment(image: Image.Image, number: int) -> bytes:
    texts = (*COMMENTS, *APPS, *SAID)
    return _save(image, "JPEG", comment=texts[number % len(texts)].encode())


def _iptc(image: Image.Image, number: int) -> bytes:
    """With headline, caption and keywords as Photoshop's block, right after the beginning of the file."""
    fields = ((5, _said(number)), (120, _said(number + 1)), (25, "beach"), (25, "Prompt"), (80, "M. Groß"))
    records = b"".join(
        struct.pack(">BBBH", 0x1C, 2, dataset, len(text.encode())) + text.encode() for dataset, text in fields
    )
    block = (
        b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0" * (len(records) % 2)
    )
    data = _save(image, "JPEG", exif=_exif(number))
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:]


def _cut_out(kind: str) -> Write:
    """The edges fade out with the noise that masks have: in the lowest bits of alpha, others hide prompts."""

    def write(image: Image.Image, number: int) -> bytes:
        random = np.random.default_rng(number)
        alpha = np.clip(random.normal(250, 6, (image.height, image.width)), 0, 255).astype(np.uint8)
        faded = image.convert("RGBA")
        faded.putalpha(Image.fromarray(alpha))
        return _save(faded, kind, **({"lossless": True} if kind == "WEBP" else {}))

    return write


def _every(write: Callable[[str], Write], *kinds: str) -> dict[str, Write]:
    return {kind: write(kind) for kind in kinds}


WAYS: Mapping[str, Mapping[str, Write]] = {
    "camera data": _every(_camera, "JPEG", "PNG", "WEBP"),
    "captions in EXIF's user comment": _every(_user_comment, "JPEG", "PNG", "WEBP"),
    "captions in other fields of EXIF": _every(_texts, "JPEG", "PNG", "WEBP"),
    "recipes, code, prose about prompts": _every(_long, "JPEG", "PNG", "WEBP"),
    "an app's JSON in EXIF": _every(_app, "JPEG", "PNG", "WEBP"),
    "XMP of an editor": {**_every(_xmp, "JPEG", "WEBP"), "PNG": _png_xmp},
    "IPTC beside camera data": {"JPEG": _iptc},
    "a comment of the file": {"JPEG": _comment},
    "text chunks of an editor": {"PNG": _chunks},
    "an app's JSON in a chunk": {"PNG": _json_chunk},
    "a cut-out with soft edges": _every(_cut_out, "PNG", "WEBP"),
}
"""Every way, and the formats it is met in."""
