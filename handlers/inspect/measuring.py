"""The figures of `contracts.measures.Measures`, from pixels alone.

Pure and deterministic. Exposure is taken from all pixels, everything else from tiles (`handlers.inspect.tiles`): what
is sharp somewhere is in focus, and what is noisy where nothing else is, is noisy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contracts.measures import Measures
from handlers.inspect.tiles import Tiles, cut_tiles, to_luma

_ROWS = 256
_BATCH = 64
"""Tiles looked at together: a megabyte per array, which stays in a processor's cache."""

_DIRECTIONS = 8
_EDGE_RANGE = 24
"""Levels between the darkest and the brightest pixel of a tile below which it shows no edge, but grain and rounding."""
_BEST = 95
"""Percent of the tiles that are less sharp, or have less contrast, than what is told: a subject may be small."""

_BLOCK = 16
_GRID = 8
_FLATTEST = 0.1
_FEWEST_BLOCKS = 4
_UNCLIPPED = (6, 249)
"""Levels within which noise is not cut off."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One batch: per tile its range of levels, its largest step by direction, its steps by phase of the grid."""

    ranges: Floats
    steps: Floats
    grid: Floats
    flatness: Floats
    noise: Floats


def measure(opaque: Image.Image) -> Measures:
    """Measure an upright picture in mode L, RGB or CMYK, of any size from 1x1."""
    tiles = cut_tiles(opaque)
    seen = [_look(tiles[start : start + _BATCH]) for start in range(0, len(tiles), _BATCH)]
    return Measures.model_validate(_tones(opaque) | (_detail(seen) if seen else {}))


def _tones(opaque: Image.Image) -> dict[str, float | None]:
    counts = np.zeros(256, np.int64)
    for top in range(0, opaque.height, _ROWS):
        strip = opaque.crop((0, top, opaque.width, min(top + _ROWS, opaque.height)))
        counts += np.array(to_luma(strip).histogram(), np.int64)
    total = int(counts.sum())
    below = np.cumsum(counts)
    darkest, middle, brightest = (int(np.searchsorted(below, share * total)) for share in (0.005, 0.5, 0.995))
    return {
        "brightness": _round(float(counts @ np.arange(256)) / total),
        "darkest": darkest,
        "middle": middle,
        "brightest": brightest,
        "black": _round(int(counts[:3].sum()) / total),
        "midtones": _round(int(counts[30:205].sum()) / total),
        "near_white": _round(int(counts[220:253].sum()) / total),
        "white": _round(int(counts[253:].sum()) / total),
    }


def _look(tiles: Tiles) -> _Seen:
    flatness, noise = _find_noise(tiles)
    return _Seen(_find_ranges(tiles), _find_steps(tiles), _find_grid(tiles), flatness, noise)


def _find_ranges(tiles: Tiles) -> Floats:
    """Levels between the darkest and the brightest pixel of each tile."""
    levels: Floats = tiles.max(axis=(1, 2)) - tiles.min(axis=(1, 2))
    return levels


def _find_steps(tiles: Tiles) -> Floats:
    """The largest step between neighbours in each tile, by direction: from right (0) to down and on."""
    corners = tiles[:, :-1, :-1], tiles[:, :-1, 1:], tiles[:, 1:, :-1], tiles[:, 1:, 1:]
    falling, rising = corners[3] - corners[0], corners[1] - corners[2]
    right, down = (falling + rising) / 2, (falling - rising) / 2
    angles = np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS
    turns = zip(np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32), strict=True)
    return np.stack([np.abs(right * cosine + down * sine).max(axis=(1, 2)) for cosine, sine in turns], axis=1)


def _find_grid(tiles: Tiles) -> Floats:
    """How much larger steps are at each phase of the grid than beside it: tiles x 2 axes x 8 phases."""
    found = []
    for axis in (1, 2):
        steps = np.abs(np.diff(tiles, axis=axis)).mean(axis=3 - axis)
        phases = np.stack([steps[:, phase::_GRID].mean(axis=1) for phase in range(_GRID)], axis=1)
        beside = (np.roll(phases, 1, axis=1) + np.roll(phases, -1, axis=1)) / 2
        found.append((phases - beside) / (beside + 1))
    return np.stack(found, axis=1)


def _find_noise(tiles: Tiles) -> tuple[Floats, Floats]:
    """Of each unclipped block the coarse detail (flatness) and what of the finest detail is noise, in levels (s.d.).

    A sensor's noise is different in every pixel: it is half as strong once four pixels are averaged. Texture and film
    grain are stronger there than in the finest detail, and count little.
    """
    first, second = tiles[:, ::2, ::2], tiles[:, ::2, 1::2]
    third, fourth = tiles[:, 1::2, ::2], tiles[:, 1::2, 1::2]
    coarse = _to_blocks((first + second + third + fourth) * np.float32(0.25))
    finest = _to_blocks((first - second - third + fourth) * np.float32(0.5))
    whole = (coarse.min(axis=1) > _UNCLIPPED[0]) & (coarse.max(axis=1) < _UNCLIPPED[1])
    flatness, fine = coarse[whole].std(axis=1), np.sqrt(np.square(finest[whole]).mean(axis=1))
    return flatness, fine**5 / np.maximum(fine**4 + flatness**4, np.float32(1e-6))


def _to_blocks(halved: Floats) -> Floats:
    """Blocks x pixels, from tiles of half the size."""
    side = _BLOCK // 2
    count, rows, columns = halved.shape
    blocks = halved.reshape(count, rows // side, side, columns // side, side).swapaxes(2, 3)
    return blocks.reshape(-1, side * side)


def _detail(seen: list[_Seen]) -> dict[str, float | None]:
    ranges = np.concatenate([batch.ranges for batch in seen])
    steps = np.concatenate([batch.steps for batch in seen])
    grid = np.concatenate([batch.grid for batch in seen])
    return {
        "local_contrast": _round(float(np.percentile(ranges, _BEST))),
        **_sharpness(ranges, steps),
        "noise": _noise(seen),
        "blockiness": _round(max(0.0, float(np.median(grid, axis=0).max(axis=1).mean()))),
    }


def _sharpness(ranges: Floats, steps: Floats) -> dict[str, float | None]:
    visible = ranges >= _EDGE_RANGE
    if not visible.any():
        return {}
    by_direction = np.percentile(steps[visible] / ranges[visible, None], _BEST, axis=0)
    return {
        "edges": int(visible.sum()),
        "sharpness": _round(float(by_direction.max())),
        "sharpness_across": _round(float(by_direction.min())),
        "softest_direction": float(by_direction.argmin()) * 180 / _DIRECTIONS,
    }


def _noise(seen: list[_Seen]) -> float | None:
    flatness = np.concatenate([batch.flatness for batch in seen])
    noise = np.concatenate([batch.noise for batch in seen])
    if len(flatness) < _FEWEST_BLOCKS:
        return None
    flattest = np.argsort(flatness, kind="stable")[: max(_FEWEST_BLOCKS, int(_FLATTEST * len(flatness)))]
    return _round(float(np.median(noise[flattest])))


def _round(value: float) -> float:
    """Four digits: sums of floats differ in the last ones from processor to processor."""
    return round(value, 4)
