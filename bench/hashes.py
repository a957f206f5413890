"""A library's perceptual hashes, made up: as unevenly spread as those of pictures, with bursts and flat pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

KINDS = ("p", "d")
COPIES = 2
FLAT = 0.01
"""Share of pictures that have one of a few hashes, in all their copies."""
FEW = np.array([0, 1, 1 << 63, 0xFF, (1 << 64) - 1], np.uint64)
BURST = 0.2
"""Share of pictures that are near the one before."""
NEAR = 8
"""Bits by which pictures of a burst differ at most, and a picture from one that is looked for."""
INNER = 12
"""Bits by which the copies of a picture differ at most."""
_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Library:
    """For each kind, the hashes of each copy (copies x pictures)."""

    hashes: Mapping[str, Hashes]

    @property
    def pictures(self) -> int:
        """How many pictures there are."""
        return int(self.hashes[KINDS[0]].shape[1])


def make_library(pictures: int, drawn: np.random.Generator) -> Library:
    """Kind p has bits of which some are set more often than others, kind d bits that mostly are as their neighbours."""
    flat = drawn.random(pictures) < FLAT
    return Library({kind: _make_kind(kind, flat, drawn) for kind in KINDS})


def draw_questions(library: Library, turns: int, drawn: np.random.Generator) -> list[tuple[str, int]]:
    """What somebody asks who has a slightly changed picture of the library: the copies in many turns, kind after kind.

    Only the first turn is near to what is there; the others are like hashes of other pictures.
    """
    number = int(drawn.integers(library.pictures))
    asked = []
    for kind in drawn.permutation(KINDS).tolist():
        hashes = library.hashes[kind]
        others = hashes[0, drawn.integers(library.pictures, size=(COPIES, turns - 1))]
        upright = change(hashes[:, number], NEAR, drawn)[:, None]
        values = np.hstack([upright, change(others.ravel(), 32, drawn).reshape(COPIES, turns - 1)])
        asked += [(kind, int(value)) for value in values.ravel().view(np.int64)]
    return asked


def change(hashes: Hashes, most: int, drawn: np.random.Generator) -> Hashes:
    """The hashes with up to `most` bits changed."""
    changed, number = hashes.copy(), drawn.integers(0, most + 1, len(hashes))
    for count in range(most):
        bits = np.uint64(1) << drawn.integers(0, 64, len(hashes)).astype(np.uint64)
        changed ^= np.where(count < number, bits, np.uint64(0))
    return changed


def _make_kind(kind: str, flat: NDArray[np.bool_], drawn: np.random.Generator) -> Hashes:
    sizes = [min(_CHUNK, len(flat) - start) for start in range(0, len(flat), _CHUNK)]
    often = drawn.uniform(0.25, 0.75, 64)
    bits = [_uneven(size, often, drawn) if kind == "p" else _like_neighbours(size, drawn) for size in sizes]
    whole = np.concatenate([np.packbits(some, axis=1).view(">u8").ravel().astype(np.uint64) for some in bits])
    burst = np.flatnonzero(drawn.random(len(flat)) < BURST)[1:]
    whole[burst] = change(whole[burst - 1], NEAR, drawn)
    copies = np.stack([whole, *(change(whole, INNER, drawn) for _ in range(COPIES - 1))])
    return np.where(flat, FEW[drawn.integers(0, len(FEW), len(flat))], copies)


def _uneven(size: int, often: NDArray[np.float64], drawn: np.random.Generator) -> NDArray[np.bool_]:
    return np.asarray(drawn.random((size, 64)) < often)


def _like_neighbours(size: int, drawn: np.random.Generator) -> NDArray[np.bool_]:
    """Rows of eight: a bit is the one above in three of four, in the first row the one to the left."""
    other = drawn.random((size, 64)) > 0.75
    other[:, 0] = drawn.random(size) < 0.5
    for bit in range(1, 64):
        other[:, bit] ^= other[:, bit - (8 if bit >= 8 else 1)]
    return other
