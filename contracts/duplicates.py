"""What two media have in common: the graph of pairs, and what was said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import JsonValue


class Level(StrEnum):
    """What pixels and metadata prove of a pair, the surest first."""

    SAME_BYTES = "same_bytes"
    SAME_PIXELS = "same_pixels"
    SAME_PICTURE = "same_picture"
    """But for size, compression, light, orientation, border, crop or something laid over it."""
    SAME_MOMENT = "same_moment"
    """Two exposures within seconds, of a burst or a bracketing: never a duplicate by itself."""
    SAME_PROMPT = "same_prompt"
    """Generated from the same prompt and seed, with another look."""
    NEAR = "near"
    """Hashes alike, but something moved or the light is another; nothing more is known."""
    TOLD = "told"
    """Only a person says something of the two."""

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return list(Level).index(self)


PROVEN: Final = frozenset({Level.SAME_BYTES, Level.SAME_PIXELS})
"""Nobody needs to look at these."""
ALIKE: Final = PROVEN | {Level.SAME_PICTURE}
"""These are duplicates unless a person, or the model that looked at both, says otherwise."""

ASKED: Final = frozenset({Level.SAME_PICTURE, Level.SAME_MOMENT, Level.SAME_PROMPT, Level.NEAR})
"""Of these the model is asked, once."""
ASKS: Final = "ollama_duplicate_assist"
"""The job type that asks it."""


FLAT_PICTURE: Final = "flat_picture"
"""The picture has no hash: only others with the same bytes, pixels, prompt or hash of the platform's are found."""
CROWD: Final = "crowd"
"""More pictures have its hashes, or nearly so, than are compared: others may be alike, too."""


class Relation(StrEnum):
    """What the model says of a pair that it was shown."""

    SAME = "same"
    EDITED = "edited"
    BURST = "burst"
    VARIANT = "variant"
    UNRELATED = "unrelated"


DUPLICATE: Final = frozenset({Relation.SAME, Relation.EDITED})


def read_bits(evidence: Mapping[str, JsonValue]) -> int:
    """By how many bits the hashes of two pictures differ; 0 where nobody compared them."""
    bits = evidence.get("bits")
    return bits if isinstance(bits, int) else 0


def is_joined(level: Level, relation: Relation | None, *, decision: bool | None) -> bool:
    """Whether two are one picture: a person's word before the model's, and that before what pixels prove.

    The view `bildwerk.likenesses` says the same.
    """
    if decision is not None:
        return decision
    return level in ALIKE if relation is None else relation in DUPLICATE


class Better(StrEnum):
    """Which of two pictures a person would keep, seen from the one who asks."""

    THIS = "this"
    OTHER = "other"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Opinion:
    """The model's word on a pair: `keep` is seen from the referee, `reason` one short sentence."""

    relation: Relation
    keep: Better
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One medium's side of a pair; `evidence` is seen from the older one of the two.

    `media_id`, `path`, `content_hash`, `pixel_hash`, `pixels` and `file_size` (bytes) are of the other medium.
    `referee` says that this one asks the model about it: the one that came later, of two that came together the newer
    one (the greater id). It is `closed` once it has been asked, or left unasked because the group is large, `awaited`
    while the other one is still to ask.
    `decision` is a person's: True the same, False different.
    """

    media_id: int
    level: Level
    evidence: Mapping[str, JsonValue]
    referee: bool
    closed: bool = False
    awaited: bool = False
    opinion: Opinion | None = None
    decision: bool | None = None
    path: str | None = None
    content_hash: str | None = None
    pixel_hash: str | None = None
    pixels: int = 0
    file_size: int | None = None

    @property
    def joins(self) -> bool:
        """Whether both are one picture, as `is_joined` says."""
        relation = None if self.opinion is None else self.opinion.relation
        return is_joined(self.level, relation, decision=self.decision)


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair of the group, the older medium first, with what says whether both are one picture."""

    one: int
    other: int
    level: Level
    relation: Relation | None = None
    decision: bool | None = None

    @property
    def joins(self) -> bool:
        """Whether both are one picture, as `is_joined` says."""
        return is_joined(self.level, self.relation, decision=self.decision)


@dataclass(frozen=True, slots=True)
class Member:
    """One medium of the group, with what tells which copy is the best: pixels, and bytes of its file, if known."""

    media_id: int
    pixels: int
    file_size: int | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is known of a medium's likeness to others.

    `sought`: the present picture has been looked for. `left_out` media are alike, too, but too many; `limits` say why
    others may have been missed, if any: `FLAT_PICTURE`, `CROWD`. `members` and `edges` are everybody who is connected
    to the medium by pairs, itself included; when the group is `large`, only whom its own pairs connect.
    """

    sought: bool = False
    pairs: tuple[Pair, ...] = ()
    members: tuple[Member, ...] = ()
    edges: tuple[Edge, ...] = ()
    left_out: int = 0
    large: bool = False
    limits: tuple[str, ...] = ()
