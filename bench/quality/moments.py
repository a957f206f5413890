"""What looks like a picture and is another one: the next moment, the other eye, another exposure, a variant."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.quality.data import Pixels
from bench.quality.defects import to_image
from bench.quality.looks import Mask, Random, to_levels, to_light

Moment = Callable[[Pixels, Pixels, Random], Pixels]
"""Of a picture, with another one at hand."""
Place = NDArray[np.float64]
"""Rows down and columns right."""

_LAYERS = (-0.7, 0.0, 0.7)


def other_eye(pixels: Pixels, _: Pixels, random: Random) -> Pixels:
    """A stereo pair: four layers of depth, the nearest shifted by 4 % of the width more than the farthest."""
    height, width = pixels.shape[:2]
    depth = _clouds((height, width), width / 6, random)
    nearness = (np.digitize(depth, _LAYERS) / 3 + 0.15 * _stretch(depth)) / 1.15
    shift = (nearness * 0.05 + 0.005) * width * random.choice([-1, 1])
    return _shift(pixels, np.zeros_like(depth), shift.astype(np.float32))


def next_moment(pixels: Pixels, _: Pixels, random: Random) -> Pixels:
    """A burst, hand-held: the subject moves by 4 to 10 % of the width, the camera a little, with new noise."""
    height, width = pixels.shape[:2]
    moved = next_moment_from_a_tripod(pixels, pixels, random)
    down, right = (np.full((height, width), amount * width, np.float32) for amount in random.normal(0, 0.01, 2))
    shaken = _shift(moved, down, right) * np.float32(random.uniform(0.96, 1.04))
    return shaken + random.normal(0, 2, pixels.shape).astype(np.float32)


def next_moment_from_a_tripod(pixels: Pixels, _: Pixels, random: Random) -> Pixels:
    """Only the subject moves, the most contrasty of eight round parts; what was beside it is where it was."""
    height, width = pixels.shape[:2]
    radius = random.uniform(0.12, 0.22) * min(height, width)
    places = [random.uniform(0.25, 0.75, 2) * (height, width) for _ in range(8)]
    place = max(places, key=lambda one: _cut(pixels, one, radius).std())
    angle, distance = random.uniform(0, 2 * np.pi), random.uniform(0.04, 0.1) * width
    step = distance * np.array((np.sin(angle), np.cos(angle)))
    nothing, beside = np.zeros((height, width), np.float32), 2.2 * radius * (1 if place[1] < width / 2 else -1)
    there = _blob((height, width), place, radius)
    here = _blob((height, width), place + step, radius)
    without = pixels * (1 - there) + _shift(pixels, nothing, nothing + np.float32(beside)) * there
    subject = _shift(pixels, nothing - np.float32(step[0]), nothing - np.float32(step[1]))
    return without * (1 - here) + subject * here


def other_exposure(pixels: Pixels, _: Pixels, random: Random) -> Pixels:
    """A bracket: one stop more or less."""
    return to_levels(to_light(pixels) * np.float32(2.0 ** random.choice([-1, 1])))


def other_shapes(pixels: Pixels, _: Pixels, random: Random) -> Pixels:
    """A series: the same things in other shapes and tints, up to some percent of the width elsewhere."""
    height, width = pixels.shape[:2]
    strength = random.uniform(0.02, 0.04) * width
    down, right = (_clouds((height, width), width / 10, random) * np.float32(strength) for _ in range(2))
    tint = _clouds((height, width), width / 8, random)[..., None] * random.normal(0, 8, 3)
    return _shift(pixels, down, right) + tint.astype(np.float32)


def other_details(pixels: Pixels, other: Pixels, _: Random) -> Pixels:
    """A series: the same composition (16x16), with details of another picture."""
    height, width = pixels.shape[:2]
    details = np.asarray(to_image(other).resize((width, height)), np.float32)
    return _compose(pixels) + (details - _compose(details)) * np.float32(0.8)


MOMENTS: Mapping[str, Moment] = {
    "stereo pair": other_eye,
    "burst, hand-held": next_moment,
    "burst from a tripod": next_moment_from_a_tripod,
    "series: other shapes": other_shapes,
    "series: other details": other_details,
    "bracket, one stop": other_exposure,
}


def _compose(pixels: Pixels) -> Pixels:
    size = (pixels.shape[1], pixels.shape[0])
    coarse = to_image(pixels).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float32)


def _clouds(shape: tuple[int, int], size: float, random: Random) -> Mask:
    """Smooth noise of standard deviation 1, with blobs of about `size` pixels."""
    coarse = random.normal(0, 1, [int(side / size / 1.5) + 3 for side in shape]).astype(np.float32)
    smooth = np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC), np.float32)
    clouds: Mask = smooth / smooth.std()
    return clouds


def _stretch(plane: Mask) -> Mask:
    stretched: Mask = (plane - plane.min()) / (plane.max() - plane.min())
    return stretched


def _cut(pixels: Pixels, place: Place, radius: float) -> Pixels:
    (top, left), (bottom, right) = (np.maximum(0, place + sign * 0.8 * radius).astype(int) for sign in (-1, 1))
    return pixels[top:bottom, left:right]


def _blob(shape: tuple[int, int], place: Place, radius: float) -> Mask:
    """A soft ellipse, with a last axis for the colours."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    distance = np.hypot((rows - place[0]) / 1.3, columns - place[1]) / radius
    blob: Mask = (1 / (1 + np.exp(np.clip(distance - 1, -3, 3) * 14))).astype(np.float32)[..., None]
    return blob


def _shift(pixels: Pixels, down: Mask, right: Mask) -> Pixels:
    """Every pixel taken from elsewhere, so much further down and right; beyond the borders it goes on as at them."""
    height, width = down.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    row, column = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
    top, left = np.minimum(row.astype(int), height - 2), np.minimum(column.astype(int), width - 2)
    below, beside = (row - top)[..., None], (column - left)[..., None]
    upper = pixels[top, left] * (1 - beside) + pixels[top, left + 1] * beside
    lower = pixels[top + 1, left] * (1 - beside) + pixels[top + 1, left + 1] * beside
    shifted: Pixels = (upper * (1 - below) + lower * below).astype(np.float32)
    return shifted
