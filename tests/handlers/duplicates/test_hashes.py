"""Hashes of sketches: the same for every turn, and none where they would say nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from PIL import Image

from bench.quality.edits import stamp
from contracts.perceptual import PerceptualHash
from contracts.sketches import SKETCH_SIDE, Hashes, Sketch
from handlers.duplicates.hashes import RADIUS, hash_sketch, to_levels
from handlers.duplicates.turns import INVERSE, TURNS, turn
from handlers.inspect.perceptual import sketch

LENGTH = SKETCH_SIDE**2
MASK = (1 << 64) - 1


def paint(seed: int, width: int = 360, height: int = 240) -> Image.Image:
    """Return overlapping boxes of many sizes and greys."""
    random = np.random.default_rng(seed)
    levels = np.full((height, width), 120, np.uint8)
    for size in sorted(random.uniform(10, 120, 120), reverse=True):
        top, left = (int(place) for place in random.uniform((-size, -size), (height, width)))
        levels[max(0, top) : int(top + size), max(0, left) : int(left + size)] = random.integers(10, 245)
    return Image.fromarray(levels).convert("RGB")


def turn_sketch(plain: Sketch, name: str) -> Sketch:
    """Return the sketch, turned."""
    return Sketch(turn(to_levels(plain), name).tobytes())


def find(asking: Hashes, stored: Hashes) -> bool:
    """Return whether a question is near to an entry."""
    return any(
        question.kind == entry.kind and ((question.value ^ entry.value) & MASK).bit_count() <= RADIUS
        for question in asking.questions
        for entry in stored.entries
    )


sketches = some.builds(
    lambda seed, grain: Sketch(
        np.kron(
            np.random.default_rng(seed).integers(0, 256, (SKETCH_SIDE // grain,) * 2, np.uint8),
            np.ones((grain, grain), np.uint8),
        ).tobytes()
    ),
    some.integers(0, 2**32),
    some.sampled_from([1, 2, 4, 8, 16]),
) | some.binary(min_size=LENGTH, max_size=LENGTH).map(Sketch)


@given(sketches, some.sampled_from(list(TURNS)))
@settings(deadline=None, max_examples=100)
def test_a_turned_sketch_has_exactly_the_same_hashes(plain: Sketch, name: str) -> None:
    hashes, turned = hash_sketch(plain), hash_sketch(turn_sketch(plain, name))
    assert turned.entries == hashes.entries
    assert turned.questions == hashes.questions


@given(sketches)
@settings(deadline=None, max_examples=100)
def test_entries_are_few_are_asked_for_and_fit_a_bigint(plain: Sketch) -> None:
    hashes = hash_sketch(plain)
    assert len(hashes.entries) <= 4
    assert len(hashes.questions) <= 32
    assert set(hashes.entries) <= set(hashes.questions)
    assert all(-(2**63) <= one.value < 2**63 for one in hashes.questions)


@given(sketches, some.sampled_from(list(TURNS)))
@settings(deadline=None, max_examples=50)
def test_a_turn_is_undone_by_its_inverse(plain: Sketch, name: str) -> None:
    assert turn_sketch(turn_sketch(plain, name), INVERSE[name]) == plain


def test_turns_are_called_what_they_are() -> None:
    corner = np.array([[1, 0], [0, 0]])
    assert turn(corner, "turned_90").tolist() == [[0, 1], [0, 0]]
    assert turn(corner, "turned_270").tolist() == [[0, 0], [1, 0]]
    assert turn(corner, "mirrored").tolist() == [[0, 1], [0, 0]]
    assert turn(corner, "flipped").tolist() == [[0, 0], [1, 0]]
    assert len({turn(np.arange(9).reshape(3, 3), name).tobytes() for name in TURNS}) == 8


@pytest.mark.parametrize("turned", list(Image.Transpose))
@pytest.mark.parametrize("size", [(360, 240), (241, 173), (97, 401)])
def test_a_turned_picture_is_found_both_ways(turned: Image.Transpose, size: tuple[int, int]) -> None:
    picture = paint(3, *size)
    one, other = (hash_sketch(sketch(image)) for image in (picture, picture.transpose(turned)))
    assert find(one, other)
    assert find(other, one)


@pytest.mark.parametrize("seed", range(4))
def test_a_crop_is_found_whichever_comes_first(seed: int) -> None:
    picture = paint(seed)
    one, other = (hash_sketch(sketch(image)) for image in (picture, picture.crop((18, 12, 342, 228))))
    assert find(one, other)
    assert find(other, one)


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("seed", range(4))
def test_a_crop_of_one_side_is_found_whichever_comes_first(seed: int, side: int) -> None:
    picture = paint(seed)
    cut = [(18, 0, 360, 240), (0, 12, 360, 240), (0, 0, 342, 240), (0, 0, 360, 228)][side]
    one, other = (hash_sketch(sketch(image)) for image in (picture, picture.crop(cut)))
    assert find(one, other)
    assert find(other, one)


@pytest.mark.parametrize("seed", range(4))
def test_letters_across_a_picture_without_much_contrast_do_not_hide_it(seed: int) -> None:
    grains = np.random.default_rng(seed).integers(60, 160, (40, 60), np.uint8)
    gravel = Image.fromarray(grains).resize((360, 240), Image.Resampling.BICUBIC).convert("RGB")
    one, other = (hash_sketch(sketch(image)) for image in (gravel, stamp(gravel, np.random.default_rng(0))))
    assert find(one, other)
    assert find(other, one)


def test_other_pictures_are_not_found() -> None:
    hashes = [hash_sketch(sketch(paint(seed))) for seed in range(12)]
    assert not any(find(one, other) for one in hashes for other in hashes if one is not other)


def slope(rows: int, columns: int) -> NDArray[np.float64]:
    """Return levels that rise evenly down and to the right, by so much in all."""
    down, right = np.mgrid[0:SKETCH_SIDE, 0:SKETCH_SIDE] / SKETCH_SIDE
    levels: NDArray[np.float64] = 20 + rows * down + columns * right
    return levels


@pytest.mark.parametrize(
    "levels",
    [
        slope(0, 0),
        slope(200, 0),
        slope(100, 100),
        np.where(slope(100, 0) > 60, 200, 50),  # a horizon
        slope(0, 0) + np.random.default_rng(0).integers(0, 8, (SKETCH_SIDE, SKETCH_SIDE)),  # noise
    ],
)
def test_a_picture_without_much_in_it_has_no_hashes(levels: NDArray[np.float64]) -> None:
    assert hash_sketch(Sketch(levels.astype(np.uint8).tobytes())) == Hashes()


def test_the_hashes_are_those_that_are_stored() -> None:
    levels = np.asarray(Image.radial_gradient("L").crop((0, 0, 192, 144)).resize((SKETCH_SIDE, SKETCH_SIDE)))
    stored = (PerceptualHash("d", -14649896420247170), PerceptualHash("d", -13523996244968962))
    assert hash_sketch(Sketch(levels.tobytes())).entries == stored, "all stored hashes are worth nothing"
    grains = np.kron(np.random.default_rng(1).integers(0, 256, (16, 16), np.uint8), np.ones((3, 3), np.uint8))
    assert hash_sketch(Sketch(grains.tobytes())).entries[-1] == PerceptualHash("e", -3252579081954822772)


def test_a_sketch_has_all_its_cells() -> None:
    with pytest.raises(ValueError, match="5 cells"):
        Sketch(b"12345")


def test_few_of_all_turns_are_asked_for() -> None:
    assert np.mean([len(hash_sketch(sketch(paint(seed))).questions) for seed in range(12)]) < 20
