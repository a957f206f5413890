"""A sketch: of any picture, always the same, and without its border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from PIL import Image

from contracts.sketches import SKETCH_SIDE
from handlers.inspect.borders import find_inside
from handlers.inspect.perceptual import sketch

pictures = some.builds(
    lambda mode, width, height, content: Image.frombytes(
        mode, (width, height), (content * (width * height * 4))[: width * height * len(mode)]
    ),
    some.sampled_from(["L", "RGB", "CMYK"]),
    some.integers(1, 150),
    some.integers(1, 150),
    some.binary(min_size=1, max_size=999),
)


@given(pictures)
@settings(deadline=None, max_examples=50)
def test_any_picture_has_a_sketch_and_always_the_same(picture: Image.Image) -> None:
    assert len(sketch(picture).cells) == SKETCH_SIDE**2
    assert sketch(picture.copy()) == sketch(picture)


@pytest.mark.parametrize("turned", list(Image.Transpose))
@pytest.mark.parametrize("size", [(480, 480), (311, 207)])
def test_a_turned_picture_has_nearly_a_turned_sketch(turned: Image.Transpose, size: tuple[int, int]) -> None:
    coarse = np.random.default_rng(1).integers(0, 256, (12, 9), np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    mine, its = (
        Image.frombytes("L", (SKETCH_SIDE, SKETCH_SIDE), sketch(one).cells)
        for one in (picture, picture.transpose(turned))
    )
    differences = np.abs(np.asarray(mine.transpose(turned), int) - np.asarray(its, int))
    assert differences.max() <= 4


def frame(top: int, right: int, bottom: int, left: int, level: int = 0) -> NDArray[np.uint8]:
    """Return noise of 200x200 with so much border."""
    levels = np.random.default_rng(2).integers(60, 200, (200, 200)).astype(np.uint8)
    levels[:top], levels[200 - bottom :], levels[:, :left], levels[:, 200 - right :] = level, level, level, level
    return levels


@pytest.mark.parametrize(
    ("borders", "inside"),
    [
        ((0, 0, 0, 0), (0, 0, 200, 200)),
        ((20, 20, 20, 20), (21, 21, 179, 179)),
        ((10, 0, 30, 0), (0, 11, 200, 169)),
        ((0, 7, 0, 5), (6, 0, 192, 200)),
        ((50, 0, 0, 0), (0, 0, 200, 200)),  # a sky
    ],
)
def test_a_border_is_on_opposite_sides(borders: tuple[int, int, int, int], inside: tuple[int, int, int, int]) -> None:
    assert find_inside(frame(*borders)) == inside
    assert find_inside(frame(*borders, level=250)) == inside


def test_something_is_left_of_a_picture_of_one_colour() -> None:
    left, top, right, bottom = find_inside(np.full((240, 240), 7, np.uint8))
    assert right - left > 90
    assert bottom - top > 90
    assert set(sketch(Image.new("RGB", (300, 200), "red")).cells) == {76}


def test_the_sketch_is_the_one_that_is_stored() -> None:
    cells = np.frombuffer(sketch(Image.radial_gradient("L")).cells, np.uint8)
    assert cells[:: SKETCH_SIDE * 8 + 5].tolist() == [252, 182, 117, 65, 69, 124], (
        "all stored sketches are worth nothing"
    )
