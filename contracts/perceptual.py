"""A picture's perceptual hashes: 64 bits each that stay nearly the same when the picture is slightly edited."""

from dataclasses import dataclass
from typing import NamedTuple


class PerceptualHash(NamedTuple):
    """`value` is a signed number of 64 bits; `kind` is one letter for the algorithm that made it.

    Only hashes of one kind are comparable, by the bits that differ.
    """

    kind: str
    value: int


@dataclass(frozen=True, slots=True)
class HashedCopy:
    """A hash, and the number of the copy of the picture (whole, trimmed ...) that it was made of."""

    hash: PerceptualHash
    copy: int
