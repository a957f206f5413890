"""What is read from a file of each program in each format it writes: word for word."""

from io import BytesIO

import pytest
from PIL import Image, features

from contracts.embedded import Embedded
from handlers.inspect.decoding import decode
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.limits import PictureLimits
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generated.cases import Case
from tests.handlers.inspect.generators import CASES, PROGRAMS
from tests.handlers.inspect.metadata import encode, hide

PICTURE = scene((96, 96))


def read(data: bytes) -> Embedded | None:
    """Return what a file holds."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        return read_embedded(image, data)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_a_program_writes_is_read_word_for_word(case: Case) -> None:
    if case.kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    decoded = decode(case.write(PICTURE), PictureLimits())
    assert (decoded.format, decoded.unreadable) == (case.kind, None)
    assert decoded.embedded == case.expected


def test_every_program_is_there_under_its_name() -> None:
    assert {program.__name__.rpartition(".")[2] for program in PROGRAMS} == {case.expected.generator for case in CASES}
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_pixels_are_the_same_with_it_and_without() -> None:
    plain = decode(encode(PICTURE, "PNG"), PictureLimits())
    for case in CASES:
        if case.kind == "PNG" and "stealth" not in case.name and "hidden" not in case.name:
            assert decode(case.write(PICTURE), PictureLimits()).pixel_hash == plain.pixel_hash, case.name


def test_a_picture_that_was_measured_is_not_read_again() -> None:
    data = CASES[0].write(PICTURE)
    assert decode(data, PictureLimits()).embedded == CASES[0].expected
    assert decode(data, PictureLimits(), measured=True).embedded is None


@pytest.mark.parametrize("mark", ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"])
@pytest.mark.parametrize("size", [(40, 200), (300, 40), (1000, 13)])
def test_hidden_texts_are_found_in_pictures_of_any_shape(mark: str, size: tuple[int, int]) -> None:
    case = next(case for case in CASES if case.name == "a1111, GIF")
    with Image.open(BytesIO(case.write(PICTURE))) as image:
        text = image.info["comment"].decode()
    hidden = encode(hide(scene(size), text, mark), "PNG")
    assert read(hidden) == case.expected


def test_a_lossy_format_cannot_hide_anything() -> None:
    picture = hide(scene((96, 96)), "a" * 100, "stealth_rgbinfo")
    assert read(encode(picture, "JPEG", quality=100)) is None
