"""What is kept of a picture to find its duplicates, and what two pictures have in common."""

from dataclasses import dataclass
from enum import Enum

from contracts.perceptual import PerceptualHash

SKETCH_SIDE = 48
SKETCH_VERSION = 2
"""To be raised when the same pixels are sketched or hashed differently, with a migration that looks for others."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A picture within its border, at 48x48 cells: `cells` are levels of brightness, rows from the top.

    Raises ValueError if there are not 2304 of them.
    """

    cells: bytes

    def __post_init__(self) -> None:
        if len(self.cells) != SKETCH_SIDE**2:
            raise ValueError(f"{len(self.cells)} cells")


@dataclass(frozen=True, slots=True)
class Hashes:
    """What of a picture goes into the index, and what is looked up there.

    Pictures are candidates for each other when a question of the one differs from an entry of the other, of the same
    kind, by at most `handlers.duplicates.hashes.RADIUS` bits. `entries` are at most 4, `questions` at most 32. Both are
    empty for a picture that is nearly the same all over: its hashes would be those of thousands.
    """

    entries: tuple[PerceptualHash, ...] = ()
    questions: tuple[PerceptualHash, ...] = ()


class Verdict(Enum):
    """What two sketches say of their pictures."""

    SAME = "same"
    """The same picture: but for size, compression, light, orientation, border, crop or something laid over it."""
    NEAR = "near"
    """Hashes alike, but something moved, or the light is another: another moment, another view, a variant."""
    UNRELATED = "unrelated"


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How alike two pictures are, and by what.

    `bits` is the least distance of their hashes over all turns and copies. The other fields are of the alignment that
    fits best, None when hashes are not alike: `turn` is how the second has to be turned to stand as the first (a name
    of `handlers.duplicates.turns.TURNS`), `covered` the share of the first (0 to 1) that the second shows, too, `light`
    the ratio of the second's levels to the first's. `moved` and `overlaid` are shares of the picture: what is elsewhere
    or gone, and what is covered by a label or stamp. `displaced` is the share of its parts that stand elsewhere.
    """

    verdict: Verdict
    bits: int
    turn: str | None = None
    covered: float | None = None
    light: float | None = None
    moved: float | None = None
    displaced: float | None = None
    overlaid: float | None = None
