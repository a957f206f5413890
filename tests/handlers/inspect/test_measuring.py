"""Figures of pixels: of any picture, always the same, and what each of them answers to."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, ImageFilter

from contracts.measures import Measures
from handlers.inspect.measuring import measure
from handlers.inspect.perceptual import hash_perceptually
from handlers.inspect.tiles import MOST, SIDE, cut_tiles

SHARES = ("black", "midtones", "near_white", "white")


def paint(seed: int, width: int = 448, height: int = 320, mode: str = "RGB") -> Image.Image:
    """Return boxes of many sizes and greys, with sharp edges in all directions and something flat between them."""
    random = np.random.default_rng(seed)
    rows, columns = np.ogrid[0 : height * 2, 0 : width * 2]
    levels = np.full((height * 2, width * 2), 120.0)
    for _ in range(160):
        down, right, angle, size = random.uniform((0, 0, 0, 20), (height * 2, width * 2, np.pi, 90))
        (top, left), far = (max(0, int(at - size * 1.5)) for at in (down, right)), int(size * 3) + 2
        here = np.s_[top : top + far, left : left + far]  # all of the box, and little else
        below, beside = rows[here[:1]] - down, columns[:, here[1]] - right
        along = beside * np.cos(angle) + below * np.sin(angle)
        across = below * np.cos(angle) - beside * np.sin(angle)
        levels[here][np.maximum(abs(along), abs(across)) < size] = random.uniform(5, 250)
    grey = Image.fromarray(levels.astype(np.uint8)).resize((width, height), Image.Resampling.BOX)
    return grey.convert(mode)


def add_noise(picture: Image.Image, sigma: float) -> Image.Image:
    """Return the picture with noise in every pixel by itself."""
    levels = np.asarray(picture, np.float32)
    return Image.fromarray(
        np.clip(levels + np.random.default_rng(1).normal(0, sigma, levels.shape), 0, 255).astype(np.uint8)
    )


def smear(picture: Image.Image, length: int) -> Image.Image:
    """Return the picture smeared to the right."""
    levels = np.asarray(picture, np.float32)
    return Image.fromarray(np.mean([np.roll(levels, n, axis=1) for n in range(length)], axis=0).astype(np.uint8))


def compress(picture: Image.Image, quality: int) -> Image.Image:
    """Return the picture as a JPEG leaves it."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def value(figure: float | None) -> float:
    """Return the figure, which is there."""
    assert figure is not None
    return figure


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
def test_any_picture_is_measured_and_always_alike(picture: Image.Image) -> None:
    measures = measure(picture)
    assert measure(picture.copy()) == measures
    assert all(0 <= getattr(measures, share) <= 1 for share in SHARES)
    assert 0 <= measures.darkest <= measures.middle <= measures.brightest <= 255
    assert 0 <= measures.brightness <= 255
    for figure in (measures.local_contrast, measures.noise, measures.blockiness):
        assert figure is None or 0 <= figure < 1000
    if measures.edges:
        assert 0 <= value(measures.sharpness_across) <= value(measures.sharpness) < 1.5
        assert 0 <= value(measures.softest_direction) < 180
    else:
        assert measures.sharpness is measures.sharpness_across is None


@given(pictures)
@settings(deadline=None, max_examples=50)
def test_measures_survive_json(picture: Image.Image) -> None:
    measures = measure(picture)
    assert Measures.model_validate_json(measures.model_dump_json()) == measures
    assert Measures.model_validate(measures.model_dump(mode="json")) == measures


@given(pictures)
@settings(deadline=None, max_examples=50)
def test_any_picture_has_a_perceptual_hash_of_64_bits(picture: Image.Image) -> None:
    found = hash_perceptually(picture)
    assert -(2**63) <= found < 2**63
    assert hash_perceptually(picture.copy()) == found


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (15, 200), (16, 16), (63, 65), (6400, 64)])
@pytest.mark.parametrize("colour", ["black", "red", "white"])
def test_one_colour_shows_no_edge_and_no_noise(size: tuple[int, int], colour: str) -> None:
    measures = measure(Image.new("RGB", size, colour))
    assert (measures.edges, measures.sharpness) == (0, None)
    assert not measures.noise
    assert not measures.blockiness
    assert measures.darkest == measures.brightest


@pytest.mark.parametrize("turn", list(Image.Transpose))
@pytest.mark.parametrize("seed", range(3))
def test_a_turned_or_mirrored_picture_has_the_same_figures(seed: int, turn: Image.Transpose) -> None:
    picture = paint(seed)  # whole tiles, so that the same ones are cut
    direct: dict[str, Any] = measure(picture).model_dump(exclude={"softest_direction"})
    turned: dict[str, Any] = measure(picture.transpose(turn)).model_dump(exclude={"softest_direction"})
    assert turned == pytest.approx(direct, rel=0.02, abs=0.01)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_grey_picture_has_the_same_figures_in_every_mode(mode: str) -> None:
    direct, other = measure(paint(0, mode="L")).model_dump(), measure(paint(0, mode=mode)).model_dump()
    assert other == pytest.approx(direct, rel=0.02, abs=0.02)


def test_each_figure_answers_to_what_it_is_named_after() -> None:
    clean = paint(0, mode="L")
    plain = measure(clean)
    soft = [value(measure(clean.filter(ImageFilter.GaussianBlur(radius))).sharpness) for radius in (1, 2, 4)]
    assert [value(plain.sharpness), *soft] == sorted([value(plain.sharpness), *soft], reverse=True)
    noisy = [value(measure(add_noise(clean, sigma)).noise) for sigma in (5, 10, 20)]
    assert noisy == pytest.approx([5, 10, 20], rel=0.2)
    blocky = [value(measure(compress(clean, quality)).blockiness) for quality in (95, 25, 8)]
    assert blocky == sorted(blocky)
    assert blocky[-1] > 5 * max(0.01, value(plain.blockiness))
    cropped = compress(clean, 8).crop((3, 5, 448, 320))
    assert value(measure(cropped).blockiness) == pytest.approx(blocky[-1], rel=0.2)
    dark = measure(clean.point(lambda level: level // 4))
    assert dark.brightest * 4 == pytest.approx(plain.brightest, abs=4)
    assert measure(clean.point(lambda level: min(255, level * 2))).white > 0.2 > plain.white


def test_a_smear_is_soft_in_its_direction_only() -> None:
    smeared = measure(smear(paint(0, mode="L"), 12))
    assert value(smeared.sharpness_across) < 0.25
    assert value(smeared.sharpness) > 0.6
    assert smeared.softest_direction == 0
    turned = measure(smear(paint(0, mode="L"), 12).transpose(Image.Transpose.ROTATE_90))
    assert turned.softest_direction == 90


def test_sharpness_is_that_of_the_sharp_part() -> None:
    picture, soft = paint(0), paint(0).filter(ImageFilter.GaussianBlur(6))
    soft.paste(picture.crop((128, 128, 256, 256)), (128, 128))
    assert value(measure(soft).sharpness) > 0.7 * value(measure(picture).sharpness)
    assert value(measure(paint(0).filter(ImageFilter.GaussianBlur(6))).sharpness) < 0.2


def test_texture_and_coarse_grain_are_no_noise() -> None:
    random = np.random.default_rng(0)
    clumps = Image.fromarray(random.normal(128, 30, (160, 224)).clip(0, 255).astype(np.uint8))
    texture = clumps.resize((448, 320), Image.Resampling.BICUBIC)
    assert value(measure(texture).noise) < 1
    assert value(measure(add_noise(Image.new("L", (448, 320), 128), 10)).noise) > 8


def test_a_large_picture_is_measured_in_as_many_tiles_as_a_middling_one() -> None:
    for size in ((40 * SIDE, 40 * SIDE), (3000 * SIDE, 2), (3000 * 16, 16), (SIDE, 2000 * SIDE)):
        assert len(cut_tiles(Image.new("L", size))) <= MOST
    assert len(cut_tiles(Image.new("L", (40 * SIDE, 40 * SIDE)))) == 32 * 32  # both sides are thinned alike
    assert len(cut_tiles(Image.new("L", (10 * SIDE + 63, 4 * SIDE)))) == 40


def count_bits(first: Image.Image, second: Image.Image) -> int:
    """Return how many bits of the hashes differ."""
    return ((hash_perceptually(first) ^ hash_perceptually(second)) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize("seed", range(4))
def test_edits_hardly_move_the_perceptual_hash_and_other_pictures_do(seed: int) -> None:
    picture = paint(seed)
    assert count_bits(picture, picture.resize((224, 160))) <= 4
    assert count_bits(picture, compress(picture, 20)) <= 4
    assert count_bits(picture, picture.convert("L")) <= 2
    assert count_bits(picture, picture.filter(ImageFilter.GaussianBlur(2))) <= 4
    assert min(count_bits(picture, paint(other)) for other in range(10, 20)) > 12


def test_the_perceptual_hash_is_the_one_that_is_stored() -> None:
    assert hash_perceptually(Image.radial_gradient("L")) == -1180619160715224825, "all stored hashes are worth nothing"
