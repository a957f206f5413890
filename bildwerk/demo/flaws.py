"""Pictures with something wrong, made from the demo's good ones on the spot: the same ones every time."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageFilter

FOLDER: Final = "flawed"
_SEED: Final = 20261122


def blur(picture: Image.Image) -> Image.Image:
    """Out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(6))


def darken(picture: Image.Image) -> Image.Image:
    """Four stops too dark."""
    return picture.point(lambda level: level // 16)


def add_noise(picture: Image.Image) -> Image.Image:
    """As from a small sensor at night."""
    grain = Image.frombytes(picture.mode, picture.size, random.Random(_SEED).randbytes(len(picture.tobytes())))  # noqa: S311
    return ImageChops.add(picture, grain, scale=1.6, offset=-50)


def shrink(picture: Image.Image) -> Image.Image:
    """A thumbnail, saved as if it were the picture."""
    return picture.resize((picture.width // 5, picture.height // 5))


FLAWS: Final[Mapping[str, tuple[str, Callable[[Image.Image], Image.Image], int]]] = {
    "blurred.jpg": ("chelsea.png", blur, 90),
    "dark.jpg": ("coffee.png", darken, 90),
    "noisy.jpg": ("astronaut.png", add_noise, 95),
    "squeezed.jpg": ("astronaut.png", lambda picture: picture, 4),
    "tiny.jpg": ("rocket.jpg", shrink, 90),
}
"""Name of the new file: from which picture, what is done to it, and the JPEG quality it is saved with."""


def spoil(folder: Path) -> tuple[str, ...]:
    """Put spoilt copies of the pictures in `folder` into a folder below it; returns their names."""
    below = folder / FOLDER
    below.mkdir(exist_ok=True)
    made = []
    for name, (source, change, quality) in FLAWS.items():
        if not (folder / source).is_file():
            continue
        with Image.open(folder / source) as picture:
            change(picture.convert("RGB")).save(below / name, "JPEG", quality=quality)
        made.append(f"{FOLDER}/{name}")
    return tuple(made)
