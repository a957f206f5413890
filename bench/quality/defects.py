"""Defects made from clean pictures, each at two or three strengths."""

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from PIL import Image

from bench.quality.data import Pixels
from bench.quality.looks import Random, convolve, expose, to_levels, to_light

Spoil = Callable[[Pixels, Random], Pixels]


def gaussian(sigma: float) -> Spoil:
    """Out of focus: a Gaussian of `sigma` pixels, in linear light."""
    reach = np.arange(-int(4 * sigma + 1), int(4 * sigma + 1) + 1)
    line = np.exp(-0.5 * (reach / sigma) ** 2)
    kernel = (line[:, None] * line / line.sum() ** 2).astype(np.float32)
    return lambda pixels, _: _smear(pixels, kernel)


def motion(length: int) -> Spoil:
    """A straight stroke of `length` pixels in any direction, in linear light."""

    def spoil(pixels: Pixels, random: Random) -> Pixels:
        angle, fine = random.uniform(0, np.pi), np.linspace(-0.5, 0.5, length * 16) * (length - 1)
        side = length // 2 * 2 + 3
        kernel = np.zeros((side, side), np.float32)
        for down, right in zip(fine * np.sin(angle) + side // 2, fine * np.cos(angle) + side // 2, strict=True):
            row, column = int(down), int(right)
            below, beside = down - row, right - column
            kernel[row : row + 2, column : column + 2] += np.outer((1 - below, below), (1 - beside, beside))
        return _smear(pixels, kernel / kernel.sum())

    return spoil


def exposure(stops: float) -> Spoil:
    """More or less light by `stops` than the right exposure, cut off at white."""
    return lambda pixels, _: to_levels(expose(pixels) * np.float32(2.0**stops))


def flat(share: float) -> Spoil:
    """Contrast reduced to this share, around the mean level."""
    return lambda pixels, _: pixels.mean() + (pixels - pixels.mean()) * np.float32(share)


def noise(sigma: float) -> Spoil:
    """A sensor's noise: of each channel by itself, `sigma` levels."""
    return lambda pixels, random: pixels + random.normal(0, sigma, pixels.shape).astype(np.float32)


def jpeg(quality: int) -> Spoil:
    """Compressed once as a JPEG of this quality."""

    def spoil(pixels: Pixels, _: Random) -> Pixels:
        file = BytesIO()
        to_image(pixels).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            return np.asarray(image, np.float32)

    return spoil


def enlarged(longest: int) -> Spoil:
    """Reduced to `longest` pixels on the long side, then enlarged to what it was, by one of three filters."""
    filters = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)

    def spoil(pixels: Pixels, random: Random) -> Pixels:
        small = to_image(reduced(longest)(pixels, random))
        size = (pixels.shape[1], pixels.shape[0])
        return np.asarray(small.resize(size, filters[int(random.integers(3))]), np.float32)

    return spoil


def reduced(longest: int) -> Spoil:
    """Reduced to `longest` pixels on the long side, and left so."""

    def spoil(pixels: Pixels, _: Random) -> Pixels:
        scale = longest / max(pixels.shape)
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        return np.asarray(to_image(pixels).resize(size, Image.Resampling.LANCZOS), np.float32)

    return spoil


def to_image(pixels: Pixels) -> Image.Image:
    """The picture as 8 bits hold it."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _smear(pixels: Pixels, kernel: Pixels) -> Pixels:
    light = to_light(pixels)
    return to_levels(np.stack([convolve(light[..., plane], kernel) for plane in range(3)], axis=2))


DEFECTS: Mapping[str, Mapping[str, Spoil]] = {
    "blur": {f"Gaussian {sigma:g} px": gaussian(sigma) for sigma in (1.5, 2.5, 4)},
    "motion_blur": {f"{length} px": motion(length) for length in (9, 15, 25)},
    "underexposed": {f"{-stops} stops": exposure(stops) for stops in (-2, -3, -4)},
    "overexposed": {f"{stops:g} stops": exposure(stops) for stops in (1.5, 2, 3)},
    "low_contrast": {f"{share:.0%} of it": flat(share) for share in (0.4, 0.25, 0.15)},
    "noise": {f"sigma {sigma}": noise(sigma) for sigma in (10, 20, 35)},
    "blockiness": {f"JPEG {quality}": jpeg(quality) for quality in (25, 15, 8)},
    "low_resolution": {
        "200 px": reduced(200),
        **{f"{longest} px, enlarged": enlarged(longest) for longest in (200, 128)},
    },
}
"""By code: the strengths, the weakest first."""
