"""What two media have in common, in words for a person."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import JsonValue

from bildwerk.reasons import say
from contracts.duplicates import ASKED, CROWD, FLAT_PICTURE, Better, Edge, Level, Likeness, Member, Opinion, Pair
from handlers.duplicates.clusters import find_best
from handlers.duplicates.same_picture import LIMITS

LEVELS: Final[Mapping[Level, str]] = {
    Level.SAME_BYTES: "the same file",
    Level.SAME_PIXELS: "the same pixels in another file",
    Level.SAME_PICTURE: "the same picture, changed as an edit changes it",
    Level.SAME_MOMENT: "taken in the same moment",
    Level.SAME_PROMPT: "generated from the same prompt and seed",
    Level.NEAR: "nearly alike; pixels do not tell more",
    Level.TOLD: "not found alike",
}
TURNS: Final[Mapping[str, str]] = {
    "mirrored": "mirrored",
    "flipped": "mirrored and turned by 180 degrees",
    "turned_180": "turned by 180 degrees",
    "transposed": "mirrored and turned by 270 degrees",
    "turned_90": "turned by 90 degrees",
    "turned_270": "turned by 270 degrees",
    "transversed": "mirrored and turned by 90 degrees",
}
"""Clockwise, by the names of `handlers.duplicates.turns.TURNS`."""
WHY_MISSED: Final[Mapping[str, str]] = {
    FLAT_PICTURE: "too flat to be compared by its look: only copies of its bytes, pixels, prompt or hash are found",
    CROWD: "more share its look than are compared: others may be like it, too",
}
TOO_LITTLE: Final = {"covered": 0.005, "light": 0.005, "moved": 0.00005, "displaced": 0.005, "overlaid": 0.0005}
"""What would be rounded away."""


def list_pairs(likeness: Likeness) -> list[str]:
    """A line for each other medium, and one for those that are left out or still being looked for."""
    lines = [say_pair(pair) for pair in sorted(likeness.pairs, key=lambda pair: pair.media_id)]
    return lines + say_search(likeness)


def say_search(likeness: Likeness) -> list[str]:
    """Whether others are still looked for, how many were left out, and why some may have been missed."""
    lines = [] if likeness.sought else [say("search")]
    if likeness.left_out:
        lines.append(f"{likeness.left_out} more are like it; left out, because too many pictures share its look")
    return lines + [WHY_MISSED[limit] for limit in likeness.limits]


def say_pair(pair: Pair) -> str:
    """The other medium, how alike both are, and who decides it."""
    words = [pair.level.value]
    if pair.decision is not None:
        words.append(f"a person: {'same' if pair.decision else 'different'}")
    elif pair.opinion is not None:
        words.append(f"the model: {pair.opinion.relation.value}")
    elif pair.awaited:
        words.append(f"the model is asked by {pair.media_id}, later")
    elif pair.level in ASKED and pair.closed:
        words.append("the model was not asked: the group is large")
    elif pair.level in ASKED and pair.referee:
        words.append("the model was not asked yet")
    return f"{pair.media_id} {pair.path}: {', '.join(words)}"


def say_opinion(opinion: Opinion, referee: int, other: int) -> str:
    """The model's word with its reason, which is seen from the referee."""
    better = {Better.THIS: f"{referee} is better", Better.OTHER: f"{other} is better", Better.NEITHER: "none is better"}
    return f"the model: {opinion.relation.value}, {better[opinion.keep]}: {opinion.reason}"


def say_who(edge: Edge) -> str:
    """Who says that both are one picture."""
    if edge.decision is not None:
        return "a person"
    return "pixels" if edge.relation is None else f"the model ({edge.relation.value})"


def say_best(members: Sequence[Member]) -> str:
    """Why it is this copy that is to be kept."""
    best = find_best(members)
    kept = next(member for member in members if member.media_id == best)
    equals = [member for member in members if member.pixels == kept.pixels]
    if len(equals) == 1:
        return "it has the most pixels"
    if len([member for member in equals if (member.file_size or 0) == (kept.file_size or 0)]) == 1:
        return "none has more pixels, and its file is the largest of those"
    return "none has more pixels or a larger file, and it is the oldest of those"


def list_evidence(one: int, other: int, evidence: Mapping[str, JsonValue]) -> Iterator[str]:
    """What is known of a pair, the older medium first."""
    said: dict[str, Callable[[Any], str]] = {
        "bits": lambda bits: f"perceptual hashes differ by {bits} bits",
        "turn": lambda turn: f"{other} stands as {one} when it is {TURNS[turn]}",
        "covered": lambda share: f"one shows {share:.0%} of the other",
        "light": lambda ratio: f"{other} is {ratio:.2f} times as bright",
        "moved": lambda share: f"{share:.2%} moved (of the same picture {LIMITS.moved:.2%} at most)",
        "displaced": lambda share: (
            f"{share:.0%} of its parts stand elsewhere (of the same picture {LIMITS.displaced:.0%} at most)"
        ),
        "overlaid": lambda share: f"something is laid over {share:.1%}",
        "seconds": lambda seconds: f"taken {seconds:g} s apart",
        "exposures": lambda both: f"exposed for {both[0]:g} s and {both[1]:g} s",
        "biases": lambda both: f"exposure compensation {both[0]:+g} and {both[1]:+g} stops",
        "seed": lambda seed: f"seed {seed}",
        "platform_hash": lambda _: "the platform's hashes are the same",
        "platform_phash_bits": lambda bits: f"the platform's perceptual hashes differ by {bits} of 64 bits",
    }
    for name, words in said.items():
        if name in evidence and not _says_nothing(name, evidence[name]):
            yield words(evidence[name])


def _says_nothing(name: str, value: JsonValue) -> bool:
    """Whether it is what two pictures have in common that are the same all over."""
    if not isinstance(value, int | float):
        return (name, value) == ("turn", "as_is")
    usual = {"covered": 1.0, "light": 1.0, "moved": 0.0, "displaced": 0.0, "overlaid": 0.0}
    return name in usual and abs(value - usual[name]) < TOO_LITTLE[name]
