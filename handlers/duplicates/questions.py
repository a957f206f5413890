"""About whom the model is asked: once by whoever of a pair came later, in one call whatever the size of the group."""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from contracts.duplicates import ASKED, ASKS, Likeness, Opinion, Pair, read_bits
from contracts.facts import MediaFacts

ALIASES: Final = "ABC"
"""Names of the other pictures, by place. More are never shown at once."""


def list_referred(likeness: Likeness) -> list[Pair]:
    """The pairs that this medium is to ask about or has asked about, the likeliest duplicates first."""
    return sorted((pair for pair in likeness.pairs if pair.referee and pair.level in ASKED), key=_rank)


def list_open(facts: MediaFacts) -> list[Pair]:
    """Those of them that are still to be asked about: never what a person decided; under force all others again."""
    forced = ASKS in facts.forced
    return [p for p in list_referred(facts.likeness) if p.decision is None and (forced or not p.closed)]


def choose_shown(pairs: Sequence[Pair], room: int) -> list[Pair]:
    """Those shown in one call that has `room` for other pictures: all of a small group, of a larger one the likeliest.

    So a burst of n pictures costs n calls: each is compared with one that came before it, and the pairs connect them.
    """
    return list(pairs) if len(pairs) <= min(room, len(ALIASES)) else list(pairs[: min(room, 1)])


def name_shown(pairs: Sequence[Pair]) -> list[tuple[str, Pair]]:
    """Each with its alias."""
    return list(zip(ALIASES, pairs, strict=False))


def take_inputs(likeness: Likeness) -> JsonValue:
    """What the question rests on; what an answer means depends on their order."""
    return [
        [p.media_id, p.pixel_hash, p.level.value, read_bits(p.evidence), p.decision] for p in list_referred(likeness)
    ]


def collect(pairs: Sequence[Pair], opinions: dict[int, Opinion]) -> dict[int, Opinion | None]:
    """What was said of each pair that was open: nothing where there was no room, unless something was said before."""
    return {
        pair.media_id: opinions.get(pair.media_id) for pair in pairs if pair.media_id in opinions or not pair.closed
    }


def _rank(pair: Pair) -> tuple[int, int, int]:
    # The youngest one that came before: of a burst the next one.
    return pair.level.rank, read_bits(pair.evidence), -pair.media_id
