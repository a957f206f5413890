"""Looks that are no defects, made from clean photographs with a fixed seed: what must not raise an alarm."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.quality.data import Pixels

Random = np.random.Generator
Look = Callable[[Pixels, Random], Pixels]
Mask = NDArray[np.float32]
"""Rows x columns, 0 to 1."""


def to_light(pixels: Pixels) -> Pixels:
    """SRGB levels to linear light, 0 to 1."""
    share = np.clip(pixels, 0, 255) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_levels(light: Pixels) -> Pixels:
    """Linear light to sRGB levels, clipped as a camera does."""
    light = np.clip(light, 0, 1)
    share = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (share * 255).astype(np.float32)


def blur(plane: Mask, radius: float) -> Mask:
    """A Gaussian blur of one plane; `radius` is its standard deviation in pixels."""
    image = Image.fromarray(plane)  # of mode F, which only `resize` knows
    step = max(1.0, radius / 2)
    small = image.resize((max(1, round(image.width / step)), max(1, round(image.height / step))), Image.Resampling.BOX)
    reach = np.arange(-8, 9, dtype=np.float32) * np.float32(step / radius)
    line = np.exp(-0.5 * reach**2)
    soft = convolve(np.asarray(small, np.float32), (line[:, None] * line / line.sum() ** 2).astype(np.float32))
    return np.asarray(Image.fromarray(soft).resize(image.size, Image.Resampling.BICUBIC), np.float32)


def spot(shape: tuple[int, ...], random: Random, size: tuple[float, float] = (0.18, 0.32)) -> Mask:
    """A soft ellipse somewhere near the middle: where the subject is. `size`: radii as shares of the sides."""
    height, width = shape[:2]
    down, right = random.uniform(0.35, 0.65, 2) * (height, width)
    tall, wide = random.uniform(*size, 2) * (height, width)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.sqrt(((rows - down) / tall) ** 2 + ((columns - right) / wide) ** 2)
    mask: Mask = (1 / (1 + np.exp((distance - 1) * 14))).astype(np.float32)
    return mask


def plain(pixels: Pixels, _: Random) -> Pixels:
    """As it is."""
    return pixels


def bokeh(pixels: Pixels, random: Random) -> Pixels:
    """A subject in focus before a background out of it, by a disc of 5 to 12 pixels, in linear light."""
    subject = spot(pixels.shape, random)[..., None]
    background = to_light(pixels)
    radius = int(random.integers(5, 13))
    for plane in range(3):
        background[..., plane] = _disc(background[..., plane], radius)
    return to_levels(to_light(pixels) * subject + background * (1 - subject))


def low_key(pixels: Pixels, random: Random) -> Pixels:
    """One lit subject; the rest falls into the dark by 3 to 5 stops."""
    subject = spot(pixels.shape, random, (0.25, 0.4))[..., None]
    return to_levels(expose(pixels) * (subject + (1 - subject) * 2 ** -random.uniform(3, 5)))


def high_key(pixels: Pixels, random: Random) -> Pixels:
    """A bright subject before a white background: shadows opened, highlights rolled off, not cut."""
    subject = spot(pixels.shape, random, (0.3, 0.45))[..., None]
    light = expose(pixels)
    lifted = 1 - np.clip(1 - light, 0, 1) ** random.uniform(1.4, 2)
    white = 1 - (1 - lifted) * 0.08
    return to_levels(lifted * subject + white * (1 - subject))


def fog(pixels: Pixels, random: Random) -> Pixels:
    """Haze that grows with distance: near things at the bottom keep their contrast."""
    height, width = pixels.shape[:2]
    depth = np.linspace(1, 0, height, dtype=np.float32)[:, None] + blur(
        random.normal(0, 30, (height, width)).astype(np.float32), 40
    ) * np.float32(0.1)
    through = np.exp(-np.clip(depth, 0, None) * random.uniform(2, 3.5))[..., None]
    hazy = to_light(pixels) * through + random.uniform(0.5, 0.7) * (1 - through)
    return to_levels(hazy.astype(np.float32))


def film_grain(pixels: Pixels, random: Random) -> Pixels:
    """Grain of a fast film: in brightness only, blobs of 1.5 to 2.5 pixels, strongest in the mid-tones."""
    grain = blur(random.normal(0, 1, pixels.shape[:2]).astype(np.float32), random.uniform(0.7, 1.1))
    grain = grain * np.float32(random.uniform(7, 12) / grain.std())
    grey = pixels.mean(axis=2)
    strength = 0.4 + 0.6 * np.sin(np.pi * np.clip(grey, 0, 255) / 255)
    grainy: Pixels = np.clip(pixels + (grain * strength)[..., None], 0, 255).astype(np.float32)
    return grainy


def night(pixels: Pixels, random: Random) -> Pixels:
    """Dark by 3.5 to 5 stops but where 6 to 25 lamps light it; the lamps are cut off at white, and have halos."""
    height, width = pixels.shape[:2]
    lit = np.zeros((height, width), np.float32)
    lamps = np.zeros((height, width), np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(random.integers(6, 26))):
        down, right = random.uniform(0, 1, 2) * (height, width)
        distance = np.hypot(rows - down, columns - right)
        reach = random.uniform(0.05, 0.15) * max(height, width)
        lit = np.maximum(lit, np.exp(-0.5 * (distance / reach) ** 2))
        lamps += (distance < random.uniform(1.5, 5)) * 3 + 0.4 * np.exp(-distance / 5)
    warm = np.array((1, 0.85, 0.6), np.float32)
    dark = expose(pixels) * np.array((0.8, 0.9, 1.2), np.float32) * 2 ** -random.uniform(3.5, 5)
    light = dark * (1 - lit[..., None]) + expose(pixels) * lit[..., None] * warm + lamps[..., None] * warm
    return to_levels(light)


def expose(pixels: Pixels) -> Pixels:
    """Linear light whose brightest percent is at white, as a photographer would expose it."""
    light = to_light(pixels)
    return light / max(0.2, float(np.percentile(light, 99)))


def _disc(plane: Mask, radius: int) -> Mask:
    """An average over a disc, by the Fourier transform over an edge that goes on."""
    reach = np.arange(-radius, radius + 1)
    kernel = (reach[:, None] ** 2 + reach**2 <= radius**2).astype(np.float32)
    return convolve(plane, kernel / kernel.sum())


def convolve(plane: Mask, kernel: Mask) -> Mask:
    """The plane convolved with a kernel of odd sides; beyond the borders it goes on as at them."""
    down, right = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(plane, ((down, down), (right, right)), mode="edge")
    spectrum = np.fft.rfft2(padded) * np.fft.rfft2(kernel, padded.shape)
    full = np.fft.irfft2(spectrum, padded.shape)
    return full[2 * down : 2 * down + plane.shape[0], 2 * right : 2 * right + plane.shape[1]].astype(np.float32)


LOOKS: dict[str, Look] = {
    "plain": plain,
    "bokeh": bokeh,
    "low key": low_key,
    "high key": high_key,
    "fog": fog,
    "film grain": film_grain,
    "night": night,
}
