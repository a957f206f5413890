"""What stays nearly the same when a picture is scaled, compressed or slightly edited: a hash of 64 bits, a sketch."""

import numpy as np
from PIL import Image

from contracts.sketches import SKETCH_SIDE, Sketch
from handlers.inspect.borders import find_inside
from handlers.inspect.tiles import to_luma

_SIDE = 32
_KEPT = 8
_REDUCING_GAP = 2.0
_PROOF_SIDE = 5 * SKETCH_SIDE

_ONE = 1 << 14
_WAVES = np.rint(
    _ONE * np.cos(np.pi / _SIDE * np.arange(_KEPT)[:, None] * (np.arange(_SIDE) + 0.5)),
).astype(np.int64)
"""The slowest waves of a discrete cosine transform, in whole numbers: the same bits on every processor."""


def hash_perceptually(opaque: Image.Image) -> int:
    """The hash as a signed number of 64 bits, for a `bigint`. Compare by counting the bits that differ.

    Each bit says whether one of the 8x8 slowest waves of the 32x32 pixels is stronger than their median: the hash that
    is known as pHash.
    """
    small = opaque.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
    levels = np.asarray(to_luma(small), np.int64)
    waves = (_WAVES @ levels @ _WAVES.T).ravel()
    lower, upper = np.partition(waves, (31, 32))[31:33]
    bits = (2 * waves > lower + upper).astype(np.uint8)
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def sketch(opaque: Image.Image) -> Sketch:
    """The picture without a border of one colour, as duplicates are looked for by (`handlers.duplicates`)."""
    proof = to_luma(opaque.resize((_PROOF_SIDE, _PROOF_SIDE), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP))
    inside = find_inside(np.asarray(proof))
    return Sketch(proof.resize((SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.LANCZOS, box=inside).tobytes())
