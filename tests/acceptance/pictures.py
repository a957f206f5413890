"""Small pictures that are all different, made on the spot."""

import io
import random
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw


@cache
def draw(number: int) -> bytes:
    """Return a JPEG of 64 to 200 pixels: a few blots on a ground, other ones for every number."""
    dice = random.Random(number)
    size = dice.randrange(64, 200), dice.randrange(64, 200)
    picture = Image.new("RGB", size, _colour(dice))
    pen = ImageDraw.Draw(picture)
    for _ in range(5):
        x, y, radius = dice.randrange(size[0]), dice.randrange(size[1]), dice.randrange(8, 40)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(dice))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def fill(root: Path, count: int, first: int = 0) -> list[str]:
    """Put `count` pictures below `root`; returns their paths relative to it."""
    paths = [f"{number % 10}/picture-{number:04}.jpg" for number in range(first, first + count)]
    for number, path in enumerate(paths, first):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(draw(number))
    return paths


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return dice.randrange(256), dice.randrange(256), dice.randrange(256)
