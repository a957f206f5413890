"""Hashes of a sketch: nearly the same when a picture is scaled, compressed, lit, turned or cropped a little.

A bit says whether a cell of 6x6 is brighter than its neighbour, to the left and above: a difference hash (dHash) in
both directions, 60 bits. It survives crops better than waves (pHash) do, and one hash is asked where both would be.

- Two copies are hashed, the whole and what is left when 5 % are cut off each side. A picture that was cropped by so
  much is, as a whole, the inner copy of the other.
- The index holds each copy in one of its eight turns only: lit most from the right, then from below. Where that is
  near to being another turn, questions are asked in that turn, too: three or four in place of eight.

Whole numbers only: the same bits on every processor, and exactly the same entries and questions for a turned sketch.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.sketches import SKETCH_SIDE, Hashes, Sketch
from handlers.duplicates.turns import TURNS, turn

RADIUS = 8
"""Bits by which hashes of one picture may differ."""

WHOLE, INNER = 0, 1
COPY_KIND: Final = "d"
"""The kind of these hashes in the index."""

_CELLS = 6
_CUT = 0.05
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


_WEIGHTS = (_weigh(0), _weigh(_CUT))
_FLATTEST = _ONE * 3 // 4
"""Three quarters of a level (standard deviation) of what rows and columns of cells do not explain: below it all bits
are chance, or those of a horizon, a gradient or a vignette, which thousands share."""
_THIRDS = 3
_UNUSED = (2, 1, 1)
"""Bits at the end of each third: an index that looks up thirds (of 22, 21 and 21 bits) finds 20 bits in each."""
_DOUBT = (3, 8)
"""By copy: light from one side may be misjudged by one part in so many of what it could be at most. A label turns the
light of the whole; the inner copy is there for crops only."""


def hash_sketch(sketch: Sketch) -> Hashes:
    """Entries and questions; none if the hashes would be meaningless."""
    entries: list[int] = []
    questions: list[int] = []
    for sums, doubt in zip(sum_cells(sketch), _DOUBT, strict=True):
        if not _has_meaning(sums):
            continue
        right, below, most = _find_light(sums)
        ranked = sorted((_misjudge(right, below, name), pack(turn(sums, name))) for name in TURNS)
        entries.append(ranked[0][1])
        questions += [bits for wrong, bits in ranked if wrong * doubt <= most]
    return Hashes(tuple(dict.fromkeys(entries)), tuple(dict.fromkeys(questions)))


def sum_cells(sketch: Sketch) -> tuple[Numbers, Numbers]:
    """The 6x6 weighted sums of levels of the whole and of the inner copy."""
    levels = to_levels(sketch).astype(np.int64)
    whole, inner = (weights @ levels @ weights.T >> _BITS for weights in _WEIGHTS)
    return whole, inner


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


def _has_meaning(sums: Numbers) -> bool:
    rows, columns = sums.sum(axis=1, keepdims=True), sums.sum(axis=0, keepdims=True)
    left = _CELLS**2 * sums - _CELLS * (rows + columns) + sums.sum()
    return int((left**2).sum()) >= (_FLATTEST * _CELLS**2) ** 2 * _CELLS**2


def _find_light(sums: Numbers) -> tuple[int, int, int]:
    """By how much the right half is lighter than the left, the lower one than the upper, and what both are at most.

    Mirrored cells are compared. No pair counts for more than the middle one: a bright label in a corner turns nothing.
    """
    right, below = (sums - sums[:, ::-1])[:, _CELLS // 2 :], (sums - sums[::-1])[_CELLS // 2 :]
    most = int(np.sort(np.abs(np.concatenate([right.ravel(), below.ravel()])))[right.size])
    return int(np.clip(right, -most, most).sum()), int(np.clip(below, -most, most).sum()), most * right.size


def _misjudge(right: int, below: int, name: str) -> int:
    """How far a picture, once turned, is from being lit from the right, then from below: 0 if it is."""
    exchanged, reversed_rows, reversed_columns = TURNS[name]
    right, below = (below, right) if exchanged else (right, below)
    right, below = -right if reversed_columns else right, -below if reversed_rows else below
    return max(0, -below, below - right)
