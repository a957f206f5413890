"""Hashes of a sketch: nearly the same when a picture is scaled, compressed, lit, turned, cropped or drawn over.

A bit says whether a cell of 6x6 is brighter than its neighbour, to the left and above: a difference hash (dHash) in
both directions, 60 bits. It survives crops better than waves (pHash) do, and one hash is asked where both would be.

- Three copies are hashed: the whole, and what is left when 2.5 % or 5 % are cut off each side. A picture that was
  cropped by so much is, as a whole, that copy of the other.
- Beside them, detail of the whole is hashed: 64 bits, each of which compares two of 16x16 cells that meet at a corner.
  Letters across a picture without much contrast change all that is coarse, and little of what is fine.
- The index holds each copy in one of its eight turns only: lit most from the right, then from below. Where that is
  near to being another turn, questions are asked in that turn, too: about four in place of eight.

Whole numbers only: the same bits on every processor, and exactly the same entries and questions for a turned sketch.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.perceptual import PerceptualHash
from contracts.sketches import SKETCH_SIDE, Hashes, Sketch
from handlers.duplicates.turns import TURNS, turn

RADIUS = 8
"""Bits by which hashes of one picture may differ."""

CUTS: Final = (0.0, 0.05, 0.025)
"""By copy: the share that is cut off each side."""
WHOLE: Final = 0
COPY_KIND: Final = "d"
DETAIL_KIND: Final = "e"
"""The kinds of these hashes in the index: of copies, and of detail."""

_CELLS = 6
_DETAILS = 16
"""Cells along a side of which detail is told."""
_REACH = 2
"""Cells: the filter (Lanczos) looks at neighbours, too. Averages of each cell by itself change more in a crop."""
_PARTS = 10
"""Into which a cell of the sketch is split to see how much of it is within the copy."""
_BITS = 12
_ONE = 1 << _BITS
"""What one level of brightness comes to in the sums."""

Numbers = NDArray[np.int64]


def _weigh(cut: float) -> Numbers:
    """How much each cell of the sketch weighs in each of the six, along one side, without a share of `cut` at its ends.

    Rows have the same sum, so what is the same all over stays so, and are mirrored, so what is turned stays so.
    """
    parts = (np.arange(SKETCH_SIDE * _PARTS) + 0.5) / (SKETCH_SIDE * _PARTS)
    length = (1 - 2 * cut) / _CELLS
    rows = []
    for number in range(_CELLS // 2):
        away = (parts - cut) / length - number - 0.5
        curve = np.sinc(away) * np.sinc(away / _REACH)
        curve[(np.abs(away) >= _REACH) | (parts < cut) | (parts > 1 - cut)] = 0
        cells = curve.reshape(SKETCH_SIDE, _PARTS).sum(axis=1)
        row = np.rint(_ONE * cells / cells.sum()).astype(np.int64)
        row[np.argmax(row)] += _ONE - row.sum()
        rows.append(row)
    return np.stack([*rows, *(row[::-1] for row in reversed(rows))])


_WEIGHTS = tuple(_weigh(cut) for cut in CUTS)
_FLATTEST = _ONE * 3 // 4
"""Three quarters of a level (standard deviation) of what rows and columns of cells do not explain: below it all bits
are chance, or those of a horizon, a gradient or a vignette, which thousands share."""
_THIRDS = 3
_UNUSED = (2, 1, 1)
"""Bits at the end of each third: an index that looks up thirds (of 22, 21 and 21 bits) finds 20 bits in each."""
_DOUBT, _DOUBT_OF_DETAIL = (3, 8, 8), 3
"""Light from one side may be misjudged by one part in so many of what it could be at most. A label turns the light of
the whole; the other copies are there for crops only."""
_CLEAR, _FEWEST_CLEAR, _FEWEST_OTHERWISE = 4, 48, 12
"""Of the pairs of detail, so many have to differ by a level, others are chance; and so many otherwise than the rest, as
in a sky they do not."""


def hash_sketch(sketch: Sketch) -> Hashes:
    """Entries and questions; none if the hashes would be meaningless."""
    entries: list[PerceptualHash] = []
    questions: list[PerceptualHash] = []
    for sums, doubt in zip(sum_cells(sketch), _DOUBT, strict=True):
        if _has_meaning(sums):
            ranked = _rank_turns(sums, doubt)
            entries.append(PerceptualHash(COPY_KIND, pack(turn(sums, ranked[0]))))
            questions += [PerceptualHash(COPY_KIND, pack(turn(sums, name))) for name in ranked]
    detail = sum_detail(sketch)
    for number, name in enumerate(_rank_turns(detail, _DOUBT_OF_DETAIL) if entries else []):
        turned = turn(detail, name)
        if _has_detail(turned):
            hashed = PerceptualHash(DETAIL_KIND, pack_detail(turned))
            questions.append(hashed)
            entries += [] if number else [hashed]
    return Hashes(tuple(dict.fromkeys(entries)), tuple(dict.fromkeys(questions)))


def sum_cells(sketch: Sketch) -> list[Numbers]:
    """The 6x6 weighted sums of levels, by copy."""
    levels = to_levels(sketch).astype(np.int64)
    return [weights @ levels @ weights.T >> _BITS for weights in _WEIGHTS]


def sum_detail(sketch: Sketch) -> Numbers:
    """The 16x16 sums of levels."""
    side = SKETCH_SIDE // _DETAILS
    sums: Numbers = to_levels(sketch).astype(np.int64).reshape(_DETAILS, side, _DETAILS, side).sum(axis=(1, 3))
    return sums


def to_levels(sketch: Sketch) -> NDArray[np.uint8]:
    """The cells as rows x columns."""
    return np.frombuffer(sketch.cells, np.uint8).reshape(SKETCH_SIDE, SKETCH_SIDE)


def compare_cells(sums: NDArray[Any]) -> NDArray[np.bool_]:
    """The 60 bits: first to the left, then above, rows from the top."""
    return np.concatenate([(sums[:, 1:] > sums[:, :-1]).ravel(), (sums[1:] > sums[:-1]).ravel()])


def pack(sums: NDArray[Any]) -> int:
    """The hash of 6x6 sums. Bits that are neighbours often agree: each third of the number gets every third of them."""
    bits = compare_cells(sums)
    thirds = [np.append(bits[first::_THIRDS], [False] * unused) for first, unused in enumerate(_UNUSED)]
    return int.from_bytes(np.packbits(np.concatenate(thirds)).tobytes(), "big", signed=True)


def compare_detail(sums: NDArray[Any]) -> NDArray[np.bool_]:
    """The 64 bits, rows from the top: of each four cells the lower right one is brighter than the upper left one."""
    bits: NDArray[np.bool_] = (sums[1::2, 1::2] > sums[::2, ::2]).ravel()
    return bits


def pack_detail(sums: NDArray[Any]) -> int:
    """The hash of 16x16 sums, every third bit first as in `pack`."""
    bits = compare_detail(sums)
    parts = np.concatenate([bits[first::_THIRDS] for first in range(_THIRDS)])
    return int.from_bytes(np.packbits(parts).tobytes(), "big", signed=True)


def _has_meaning(sums: Numbers) -> bool:
    rows, columns = sums.sum(axis=1, keepdims=True), sums.sum(axis=0, keepdims=True)
    left = _CELLS**2 * sums - _CELLS * (rows + columns) + sums.sum()
    return int((left**2).sum()) >= (_FLATTEST * _CELLS**2) ** 2 * _CELLS**2


def _has_detail(sums: Numbers) -> bool:
    steps = sums[1::2, 1::2] - sums[::2, ::2]
    rising = int(np.count_nonzero(steps > 0))
    clear = int(np.count_nonzero(np.abs(steps) >= _CLEAR)) >= _FEWEST_CLEAR
    return clear and min(rising, steps.size - rising) >= _FEWEST_OTHERWISE


def _rank_turns(sums: Numbers, doubt: int) -> list[str]:
    """The turns it may have to be looked up in, the one it is stored in first."""
    right, below, most = _find_light(sums)
    ranked = sorted((_misjudge(right, below, name), turn(sums, name).tolist(), name) for name in TURNS)
    return [name for wrong, _, name in ranked if wrong * doubt <= most]


def _find_light(sums: Numbers) -> tuple[int, int, int]:
    """By how much the right half is lighter than the left, the lower one than the upper, and what both are at most.

    Mirrored cells are compared. No pair counts for more than the middle one: a bright label in a corner turns nothing.
    """
    half = len(sums) // 2
    right, below = (sums - sums[:, ::-1])[:, half:], (sums - sums[::-1])[half:]
    most = int(np.sort(np.abs(np.concatenate([right.ravel(), below.ravel()])))[right.size])
    return int(np.clip(right, -most, most).sum()), int(np.clip(below, -most, most).sum()), most * right.size


def _misjudge(right: int, below: int, name: str) -> int:
    """How far a picture, once turned, is from being lit from the right, then from below: 0 if it is."""
    exchanged, reversed_rows, reversed_columns = TURNS[name]
    right, below = (below, right) if exchanged else (right, below)
    right, below = -right if reversed_columns else right, -below if reversed_rows else below
    return max(0, -below, below - right)
