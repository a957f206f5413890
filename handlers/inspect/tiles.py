"""Square samples of a picture's native pixels, evenly spread: a large picture costs little more than a small one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Pixels; a multiple of the 8 of a JPEG's grid, large enough for an edge and what is on both sides of it."""
MOST = 1024
"""Tiles of one picture: four megapixels, which take a tenth of a second."""
_GRAIN = 16
"""The sides of the tiles of smaller pictures are multiples of this: the size of a block for noise."""

Tiles = NDArray[np.float32]
"""Tiles x rows x columns, levels of brightness from 0 to 255."""


def cut_tiles(opaque: Image.Image) -> Tiles:
    """At most MOST tiles of an opaque picture; none when it is less than 16 pixels wide or high."""
    width, height = (min(SIDE, side // _GRAIN * _GRAIN) for side in opaque.size)
    if not (width and height):
        return np.zeros((0, _GRAIN, _GRAIN), np.float32)
    across, down = _spread(opaque.width // width, opaque.height // height)
    cut = [opaque.crop((x * width, y * height, (x + 1) * width, (y + 1) * height)) for y in down for x in across]
    return np.stack([np.asarray(to_luma(tile), np.float32) for tile in cut])


def to_luma(opaque: Image.Image) -> Image.Image:
    """The brightness of an opaque picture."""
    return opaque.convert("L")


def _spread(across: int, down: int) -> tuple[list[int], list[int]]:
    """Which columns and rows of a grid are taken, both thinned alike."""
    share = min(1.0, (MOST / (across * down)) ** 0.5)
    rows = min(down, MOST, max(1, round(down * share)))
    columns = min(across, MOST // rows)
    return [_place(n, columns, across) for n in range(columns)], [_place(n, rows, down) for n in range(rows)]


def _place(number: int, taken: int, of: int) -> int:
    return (2 * number + 1) * of // (2 * taken)
