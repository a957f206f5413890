"""The moment of a picture is what its camera says, or nothing; damage in it costs no picture."""

import struct
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features
from PIL.TiffImagePlugin import IFDRational

from contracts.moments import Taken
from handlers.inspect.decoding import decode
from handlers.inspect.limits import PictureLimits
from handlers.inspect.moments import read_taken
from tests.handlers.inspect.corpus import JPEG, encode, scene
from tests.handlers.inspect.metadata import ASCII, EXIF, LONG, MAKE, MODEL, UNDEFINED, Tags, exif, ratio

SHORT = 3
DATE_TIME, ORIGINAL, DIGITIZED = 0x0132, 0x9003, 0x9004
FRACTION, FRACTION_DIGITIZED, EXPOSURE, BIAS, MAKER_NOTE = 0x9291, 0x9292, 0x829A, 0x9204, 0x927C
PICTURE = scene((48, 32))
AT = (ASCII, b"2024:05:17 18:30:59\0")
NOON = datetime(2024, 5, 17, 18, 30, 59)  # noqa: DTZ001 - cameras know no zone
WHOLE = Taken(at=NOON)


def read(block: bytes) -> Taken | None:
    """Return the moment of a picture with this EXIF."""
    with Image.open(BytesIO(encode(PICTURE, "WEBP", exif=block))) as image:
        image.load()
        return read_taken(image)


def photograph(at: str = "2024:05:17 18:30:59") -> Image.Exif:
    """Return what a camera writes, as Pillow writes it."""
    written = Image.Exif()
    written[MAKE], written[MODEL], written[DATE_TIME] = "Acme ", " Acme  Box 3", "2025:01:01 00:00:00"
    written.get_ifd(EXIF).update(
        {ORIGINAL: at, FRACTION: "25", EXPOSURE: IFDRational(1, 125), BIAS: IFDRational(-2, 3)}
    )
    return written


def assert_photographed(taken: Taken | None) -> None:
    """Compare with what `photograph` wrote."""
    assert taken is not None
    assert (taken.at, taken.exact) == (NOON.replace(microsecond=250_000), True)
    assert taken.exposure == pytest.approx(1 / 125, rel=1e-4)
    assert taken.bias == pytest.approx(-2 / 3, rel=1e-4)
    assert taken.camera == "Acme Acme Box 3"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "MPO"])
def test_every_format_that_cameras_and_editors_write_tells_its_moment(kind: str) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    more = {"save_all": True, "append_images": [PICTURE]} if kind == "MPO" else {}
    assert_photographed(decode(encode(PICTURE, kind, exif=photograph().tobytes(), **more), PictureLimits()).taken)
    assert decode(encode(PICTURE, kind, **more), PictureLimits()).taken is None


def test_a_copy_that_was_scaled_and_encoded_anew_keeps_the_moment() -> None:
    first = encode(scene((240, 160)), "JPEG", exif=photograph())
    with Image.open(BytesIO(first)) as original:
        edited = original.getexif()
        edited[DATE_TIME] = "2026:02:03 04:05:06"
        copy = encode(original.resize((60, 40)), "WEBP", exif=edited)
    taken = decode(first, PictureLimits()).taken
    assert_photographed(taken)
    assert decode(copy, PictureLimits()).taken == taken


def test_a_picture_that_was_read_before_is_not_read_again() -> None:
    data = encode(PICTURE, "JPEG", exif=photograph())
    decoded = decode(data, PictureLimits(), measured=True)
    assert (decoded.taken, decoded.sketch) == (None, None)
    assert decode(JPEG, PictureLimits()).sketch is not None


TOLD: dict[str, tuple[Tags, Tags, Taken | None]] = {
    "nothing else": ({}, {ORIGINAL: AT}, WHOLE),
    "a fraction": (
        {},
        {ORIGINAL: AT, FRACTION: (ASCII, b"007\0")},
        Taken(at=NOON.replace(microsecond=7000), exact=True),
    ),
    "a long fraction": (
        {},
        {ORIGINAL: AT, FRACTION: (ASCII, b"123456789")},
        Taken(at=NOON.replace(microsecond=123_456), exact=True),
    ),
    "a fraction that is unknown": ({}, {ORIGINAL: AT, FRACTION: (ASCII, b"00\0")}, WHOLE),
    "a fraction of blanks": ({}, {ORIGINAL: AT, FRACTION: (ASCII, b"   \0")}, WHOLE),
    "a fraction of letters": ({}, {ORIGINAL: AT, FRACTION: (ASCII, b"1e5\0")}, WHOLE),
    "a fraction of another script": ({}, {ORIGINAL: AT, FRACTION: (ASCII, "٣٣".encode())}, WHOLE),
    "another time's fraction": ({}, {ORIGINAL: AT, FRACTION_DIGITIZED: (ASCII, b"25\0")}, WHOLE),
    "when it was digitised": (
        {},
        {DIGITIZED: AT, FRACTION: (ASCII, b"9\0"), FRACTION_DIGITIZED: (ASCII, b"5\0")},
        Taken(at=NOON.replace(microsecond=500_000), exact=True),
    ),
    "a clock that was not set, and when it was digitised": (
        {},
        {ORIGINAL: (ASCII, b"0000:00:00 00:00:00\0"), DIGITIZED: AT},
        WHOLE,
    ),
    "when it was taken and digitised": ({}, {ORIGINAL: AT, DIGITIZED: (ASCII, b"2025:01:01 00:00:00\0")}, WHOLE),
    "when it was edited": ({DATE_TIME: AT}, {}, None),
    "in the main directory": ({ORIGINAL: AT}, {}, WHOLE),
    "hyphens": ({}, {ORIGINAL: (ASCII, b"2024-05-17T18:30:59")}, WHOLE),
    "a camera without maker": ({MODEL: (ASCII, b"Box\0")}, {ORIGINAL: AT}, Taken(at=NOON, camera="Box")),
    "an exposure": ({}, {ORIGINAL: AT, EXPOSURE: ratio(1, 4)}, Taken(at=NOON, exposure=0.25)),
    "no compensation": ({}, {ORIGINAL: AT, BIAS: ratio(0, 3)}, Taken(at=NOON, bias=0.0)),
    "less light": ({}, {ORIGINAL: AT, BIAS: ratio(-3, 2)}, Taken(at=NOON, bias=-1.5)),
    "an exposure over zero": ({}, {ORIGINAL: AT, EXPOSURE: ratio(1, 0), BIAS: ratio(0, 0)}, WHOLE),
    "no exposure": ({}, {ORIGINAL: AT, EXPOSURE: ratio(0, 1)}, WHOLE),
    "a negative exposure": ({}, {ORIGINAL: AT, EXPOSURE: ratio(-1, 2)}, WHOLE),
    "fractions that are texts": ({}, {ORIGINAL: AT, EXPOSURE: (ASCII, b"1/250 sec\0"), BIAS: (LONG, b"\0" * 8)}, WHOLE),
    "a camera of numbers": ({MODEL: ratio(1, 2), MAKE: (LONG, b"\0" * 8)}, {ORIGINAL: AT}, WHOLE),
    "a camera of NULs": ({MODEL: (ASCII, b"\0" * 40), MAKE: (ASCII, b" \0")}, {ORIGINAL: AT}, WHOLE),
    "a camera with a NUL": ({MODEL: (ASCII, b"a\0b\0")}, {ORIGINAL: AT}, Taken(at=NOON, camera="a b")),
    "a camera of a megabyte": ({MODEL: (ASCII, b"m" * 1_000_000)}, {ORIGINAL: AT}, Taken(at=NOON, camera="m" * 100)),
    "a camera in Latin-1": ({MODEL: (ASCII, b"\xd6l\0")}, {ORIGINAL: AT}, Taken(at=NOON, camera="Öl")),
    "a lone surrogate": ({MODEL: (ASCII, b"\xed\xa0\x80")}, {ORIGINAL: AT}, Taken(at=NOON, camera="í \x80")),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_is_read_and_nonsense_is_not_told(name: str) -> None:
    main, own, expected = TOLD[name]
    assert read(exif(main, own)) == expected


@pytest.mark.parametrize(
    "at",
    [
        b"0000:00:00 00:00:00",
        b"    :  :     :  :  ",
        b"9999:12:31 23:59:59",
        b"1601:01:01 00:00:00",
        b"2024:02:30 10:00:00",
        b"2024:13:01 10:00:00",
        b"2024:05:17 24:00:00",
        b"2024:05:17 10:00:60",
        b"2024:05:17",
        b"2024:05:17 10:00",
        b"2024:05:17 10:00:00 and more",
        b"2024:5:17 10:00:00",
        b"-024:05:17 10:00:00",
        b"2024:05:17\x0010:00:00",
        "２０２４:05:17 10:00:00".encode(),
        b"\0" * 20,
        b"\xff" * 20,
        b"2" * 1_000_000,
        b" " * 1_000_000,
        b"",
    ],
)
def test_a_time_that_no_clock_shows_is_none(at: bytes) -> None:
    assert read(exif({}, {ORIGINAL: (ASCII, at)})) is None


GOOD = exif(
    {MAKE: (ASCII, b"Acme\0"), MODEL: (ASCII, b"Box\0")}, {ORIGINAL: AT, EXPOSURE: ratio(1, 4), BIAS: ratio(1, 3)}
)


def _crowd(tag: int, count: int) -> bytes:
    """Return a directory of one field again and again, all of them the same megabyte."""
    entries = struct.pack(">HHII", tag, UNDEFINED, 1_000_000, 8) * count
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, count) + entries + b"\0" * 1_000_000


def _linked(start: int, kind: int = LONG) -> bytes:
    """Return EXIF whose own directory is said to be there."""
    entry = struct.pack(">HHII", EXIF, kind, 1, start)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "no header": lambda: b"Exif\0\0",
    "no directory": lambda: b"Exif\0\0MM\0*",
    "from nowhere": lambda: b"Exif\0\0MM\0*\xff\xff\xff\xff",
    "another file": lambda: JPEG[:2000],
    "a circle": lambda: _linked(8),
    "a link to nowhere": lambda: _linked(0xFFFFFFF0),
    "a link that is none": lambda: _linked(8, SHORT),
    "a crowd": lambda: _crowd(ORIGINAL, 60_000),
    "a crowd of maker's notes": lambda: _crowd(MAKER_NOTE, 60_000),
    "a time behind a crowd": lambda: exif({}, {**dict.fromkeys(range(300), (ASCII, b"a")), ORIGINAL: AT}),
    "a count without end": lambda: GOOD.replace(
        struct.pack(">HHI", ORIGINAL, ASCII, 20), b"\x90\x03\0\2\xff\xff\xff\xff"
    ),
    "a type that is none": lambda: GOOD.replace(struct.pack(">HH", ORIGINAL, ASCII), struct.pack(">HH", ORIGINAL, 99)),
    "a value beyond the end": lambda: GOOD.replace(
        struct.pack(">HHII", ORIGINAL, ASCII, 20, GOOD.index(AT[1]) - 6),
        struct.pack(">HHII", ORIGINAL, ASCII, 20, 0xFFFFFF00),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_exif_tells_nothing_and_costs_no_picture(name: str) -> None:
    block = HOSTILE[name]()
    assert block != GOOD
    decoded = decode(encode(PICTURE, "WEBP", exif=block), PictureLimits())
    assert decoded.unreadable is None
    assert decoded.taken is None


def test_exif_that_is_cut_tells_nothing_or_what_it_told_before() -> None:
    whole = read(GOOD)
    assert whole == Taken(at=NOON, exposure=0.25, bias=1 / 3, camera="Acme Box")
    image = Image.new("L", (1, 1))
    for length in range(len(GOOD)):
        image.info["exif"] = GOOD[:length]
        taken = read_taken(image)
        assert taken is None or taken.at == NOON


def test_what_is_no_block_of_bytes_tells_nothing() -> None:
    image = Image.new("L", (1, 1))
    blocks: tuple[object, ...] = (None, "Exif\0\0", 7, b"", {})
    for block in blocks:
        image.info["exif"] = block
        assert read_taken(image) is None


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=6)), max_size=6) | st.binary())
@settings(deadline=None, max_examples=500)
def test_whatever_bytes_there_are_the_moment_is_fit_for_json(changes: list[tuple[int, bytes]] | bytes) -> None:
    block = bytearray(GOOD)
    if isinstance(changes, bytes):
        block[6:] = changes
    else:
        for place, other in changes:
            block[place : place + len(other)] = other
    image = Image.new("L", (1, 1))
    image.info["exif"] = bytes(block)
    taken = read_taken(image)
    if taken is not None:
        text = taken.model_dump_json()
        assert "\\u0000" not in text
        assert Taken.model_validate_json(text) == taken
