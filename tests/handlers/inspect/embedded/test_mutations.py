"""Real metadata, damaged at random: whatever comes of it is nothing, or fit for the database."""

import json
from collections.abc import Mapping
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contracts.embedded import Embedded
from handlers.inspect.decoding import decode
from handlers.inspect.embedded.telling import MAX_PROMPT
from handlers.inspect.limits import PictureLimits
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generators import CASES
from tests.handlers.inspect.metadata import encode, hide_bytes, with_texts

PICTURE = scene((64, 64))


def blocks(name: str) -> list[bytes]:
    """Return what the files hold under this name: EXIF or XMP."""
    found = []
    for case in CASES:
        if case.kind in {"JPEG", "WEBP"}:
            with Image.open(BytesIO(case.write(PICTURE))) as image:
                found += [image.info[name]] if name in image.info else []
    return found


def chunks() -> list[dict[str, str]]:
    """Return the text chunks of every program's PNG."""
    found = []
    for case in CASES:
        if case.kind == "PNG":
            with Image.open(BytesIO(case.write(PICTURE))) as image:
                image.load()
                found += [{str(key): text for key, text in image.info.items() if isinstance(text, str)}]
    return [texts for texts in found if texts]


EXIF, XMP, TEXTS = blocks("exif"), blocks("xmp"), chunks()
ODD = [
    "\0",
    "\ud800",
    "[" * 2000,
    "{",
    '"',
    "\\",
    "\n",
    ":",
    ",",
    "null",
    "1e999",
    "-",
    "Negative prompt:",
    "🌊",
    "9" * 5000,
]
Edits = list[tuple[int, int, str]]
edits = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 60), st.sampled_from(ODD) | st.text(max_size=8)), max_size=8
)


def read(data: bytes) -> None:
    """Read a file whose pixels must be usable, and check what came of the rest."""
    decoded = decode(data, PictureLimits())
    assert decoded.unreadable is None, decoded.detail
    embedded = decoded.embedded
    if embedded is not None:
        text = embedded.model_dump_json()
        assert "\\u0000" not in text
        assert Embedded.model_validate(json.loads(text)) == embedded
        assert max(len(embedded.prompt), len(embedded.negative_prompt)) <= MAX_PROMPT


def damage(text: str, changes: Edits) -> str:
    """Return the text with parts of it replaced."""
    for place, length, other in changes:
        at = place % (len(text) + 1)
        text = text[:at] + other + text[at + length :]
    return text


def damage_bytes(data: bytes, changes: Edits) -> bytes:
    """Return the bytes with parts of them replaced."""
    damaged = damage(data.decode("latin-1"), changes)
    return damaged.encode("latin-1", "replace")[:60_000]


@given(texts=st.sampled_from(TEXTS), changes=edits, data=st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_chunks(texts: Mapping[str, str], changes: Edits, data: st.DataObject) -> None:
    keyword = data.draw(st.sampled_from(sorted(texts)))
    damaged = damage(texts[keyword], changes).encode("utf-8", "replace").decode()
    read(with_texts(PICTURE, {**texts, keyword: damaged}, international=True, compress_level=0))


@given(block=st.sampled_from(EXIF), changes=edits)
@settings(max_examples=400, deadline=None)
def test_damaged_exif(block: bytes, changes: Edits) -> None:
    read(encode(PICTURE, "JPEG", exif=b"Exif\0\0" + damage_bytes(block, changes).removeprefix(b"Exif\0\0")))


@given(block=st.sampled_from(XMP), changes=edits)
@settings(max_examples=200, deadline=None)
def test_damaged_xmp(block: bytes, changes: Edits) -> None:
    read(encode(PICTURE, "JPEG", xmp=damage_bytes(block, changes)))


@given(
    mark=st.sampled_from([b"stealth_pnginfo", b"stealth_pngcomp", b"stealth_rgbinfo", b"stealth_rgbcomp"]),
    body=st.binary(max_size=400),
)
@settings(max_examples=200, deadline=None)
def test_damaged_hidden_texts(mark: bytes, body: bytes) -> None:
    read(encode(hide_bytes(PICTURE, mark + body, mark.decode()), "PNG", compress_level=0))
