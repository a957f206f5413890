"""What two sketches say: the same picture for its edits, not for the next moment."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from bench.quality.data import draw
from bench.quality.defects import to_image
from bench.quality.edits import stamp
from bench.quality.moments import other_eye
from contracts.sketches import SKETCH_SIDE, Resemblance, Sketch, Verdict
from handlers.duplicates.same_picture import LIMITS, compare
from handlers.duplicates.turns import INVERSE
from handlers.inspect.perceptual import sketch

SIZE = (480, 360)


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return to_image(draw(np.random.default_rng(5), SIZE))


def tell(one: Image.Image, other: Image.Image) -> Resemblance:
    """Return what is said of two pictures."""
    return compare(sketch(one), sketch(other))


def move(scene: Image.Image, pixels: int) -> Image.Image:
    """Return the scene with a grey thing before it, which stands somewhere."""
    moved = scene.copy()
    ImageDraw.Draw(moved).ellipse((150 + pixels, 120, 230 + pixels, 220), fill=(128, 128, 128))
    return moved


noise = some.integers(0, 2**32).map(
    lambda seed: Sketch(np.random.default_rng(seed).integers(0, 256, SKETCH_SIDE**2, np.uint8).tobytes())
)
blobs = some.integers(0, 2**32).map(
    lambda seed: sketch(
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (7, 9), np.uint8)).resize(
            (90, 70), Image.Resampling.BICUBIC
        )
    )
)
sketches = noise | blobs | some.binary(min_size=SKETCH_SIDE**2, max_size=SKETCH_SIDE**2).map(Sketch)
blended = some.builds(
    lambda one, other, share: (
        one,
        Sketch(bytes(round(a + (b - a) * share) for a, b in zip(one.cells, other.cells, strict=True))),
    ),
    sketches,
    sketches,
    some.sampled_from([0.0, 0.05, 0.2, 1.0]),
)


@given(blended)
@settings(deadline=None, max_examples=60)
def test_it_does_not_matter_which_comes_first(pair: tuple[Sketch, Sketch]) -> None:
    there, back = compare(*pair), compare(pair[1], pair[0])
    assert replace(back, turn=None, light=None) == replace(there, turn=None, light=None)
    if there.turn is not None and pair[0] != pair[1]:
        assert back.turn == INVERSE[there.turn]
    assert compare(*pair) == there


@given(sketches)
@settings(deadline=None, max_examples=60)
def test_every_sketch_is_the_same_as_itself(one: Sketch) -> None:
    found = compare(one, one)
    assert (found.verdict, found.bits, found.moved, found.overlaid) == (Verdict.SAME, 0, 0, 0)


@pytest.mark.parametrize("turned", list(Image.Transpose))
def test_a_turned_picture_is_the_same_and_it_is_said_how(turned: Image.Transpose, scene: Image.Image) -> None:
    found = tell(scene, scene.transpose(turned))
    assert found.verdict is Verdict.SAME
    back = {"ROTATE_90": "turned_90", "ROTATE_270": "turned_270", "FLIP_LEFT_RIGHT": "mirrored"}  # Pillow's go left
    assert found.turn == back.get(turned.name, found.turn)


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("size", [40, 120])
def test_a_small_thing_on_a_plain_ground_is_found_when_it_is_turned(size: int, seed: int) -> None:
    """All copies of a wrong turn may agree there; the right one must be tried, too."""
    dice = np.random.default_rng(seed)
    picture = Image.new("RGB", (480, 480), "white")
    left, top = dice.integers(100, 280, 2)
    wide, high = dice.integers(size // 2, size, 2)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left, top, left + wide, top + high), fill=tuple(dice.integers(60, 200, 3)))
    pen.ellipse((left + 5, top + high // 2, left + 5 + wide // 2, top + high), fill=tuple(dice.integers(60, 200, 3)))
    assert tell(picture, picture.transpose(Image.Transpose.ROTATE_90)).verdict is Verdict.SAME


def test_edits_leave_it_the_same_picture(scene: Image.Image) -> None:
    framed = Image.new("RGB", (528, 408), "black")
    framed.paste(scene, (24, 24))
    assert tell(scene, framed).verdict is Verdict.SAME
    assert tell(scene, scene.resize((120, 90))).verdict is Verdict.SAME
    cropped = tell(scene, scene.crop((24, 18, 456, 342)))
    assert cropped.verdict is Verdict.SAME
    lighter = tell(scene, ImageEnhance.Brightness(scene).enhance(1.2))
    assert lighter.verdict is Verdict.SAME
    assert lighter.light == pytest.approx(1.2, abs=0.02)


def test_what_moves_makes_it_another_moment(scene: Image.Image) -> None:
    found = tell(move(scene, 0), move(scene, 60))
    assert found.verdict is Verdict.NEAR
    assert found.moved is not None
    assert found.moved > LIMITS.moved


def test_what_is_laid_over_leaves_it_the_same(scene: Image.Image) -> None:
    labelled = scene.copy()
    ImageDraw.Draw(labelled).rectangle((330, 310, 460, 345), fill="white")
    found = tell(scene, labelled)
    assert found.verdict is Verdict.SAME
    assert found.overlaid is not None
    assert 0.005 < found.overlaid < LIMITS.overlaid


def test_a_label_with_dark_letters_on_a_bright_ground_leaves_it_the_same() -> None:
    page = Image.new("RGB", SIZE, (235, 235, 235))
    pen = ImageDraw.Draw(page)
    random = np.random.default_rng(3)
    for left, top, grey in zip(
        random.integers(0, 440, 90), random.integers(0, 340, 90), random.integers(0, 200, 90), strict=True
    ):
        pen.rectangle((left, top, left + 30, top + 12), fill=(grey, grey, grey))
    labelled = page.copy()
    ImageDraw.Draw(labelled).rectangle((320, 310, 465, 348), fill="white")
    ImageDraw.Draw(labelled).rectangle((330, 324, 455, 335), fill="black")
    found = tell(page, labelled)
    assert (found.verdict, found.moved) == (Verdict.SAME, 0)
    assert found.overlaid is not None
    assert found.overlaid > LIMITS.moved


def test_a_faint_thing_that_moves_makes_it_another_moment(scene: Image.Image) -> None:
    """What differs by little is seen where nothing else differs at all."""
    soft = scene.filter(ImageFilter.GaussianBlur(12))
    one, other = soft.copy(), soft.copy()
    for place, picture in ((150, one), (250, other)):
        ground = picture.getpixel((place + 40, 170))
        assert isinstance(ground, tuple)
        blob = tuple(level + 10 for level in ground)
        ImageDraw.Draw(picture).ellipse((place, 120, place + 80, 220), fill=blob)
    found = tell(one, other)
    assert found.verdict is Verdict.NEAR


def test_what_vanished_makes_it_another_moment(scene: Image.Image) -> None:
    """It is lighter only, as if something had been laid over; but what is laid over is white or black."""
    there = scene.copy()
    ImageDraw.Draw(there).ellipse((200, 100, 260, 190), fill=(70, 70, 70))
    gone = scene.copy()
    ImageDraw.Draw(gone).ellipse((200, 100, 260, 190), fill=(190, 190, 190))
    found = tell(there, gone)
    assert found.verdict is Verdict.NEAR
    assert found.moved is not None
    assert found.moved > LIMITS.moved


def test_a_stamp_that_the_picture_shows_through_leaves_it_the_same(scene: Image.Image) -> None:
    found = tell(scene, stamp(scene, np.random.default_rng(0)))
    assert (found.verdict, found.moved) == (Verdict.SAME, 0)
    assert found.overlaid is not None
    assert found.overlaid > 0.005


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_a_view_of_the_other_eye_is_another_one(seed: int) -> None:
    """Nothing moves by as much as two cells, or is much lighter or darker; but all over something is elsewhere."""
    soft = to_image(draw(np.random.default_rng(seed), SIZE)).filter(ImageFilter.GaussianBlur(6))
    pixels = np.asarray(soft, np.float32)
    found = tell(soft, to_image(other_eye(pixels, pixels, np.random.default_rng(seed))))
    assert found.verdict is Verdict.NEAR
    assert found.displaced is not None
    assert found.displaced > LIMITS.displaced


def test_an_exposure_of_a_stop_less_is_another_one(scene: Image.Image) -> None:
    found = tell(scene, ImageEnhance.Brightness(scene).enhance(0.735))
    assert found.verdict is Verdict.NEAR


def test_unrelated_pictures_are_told_so(scene: Image.Image) -> None:
    others = [to_image(draw(np.random.default_rng(seed), SIZE)) for seed in range(20, 24)]
    assert {tell(scene, other).verdict for other in others} == {Verdict.UNRELATED}
