"""What a picture has in common with others, in words: `ollama.duplicate_assist` as it stands in the library.

The value may be anybody's: whatever is not in its usual form is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from bildwerk.likeness_words import LEVELS
from contracts.duplicates import Level

RELATIONS: Final[Mapping[str, str]] = {
    "same": "the model: the same",
    "edited": "the model: edited",
    "burst": "the model: another moment",
    "variant": "the model: a variant",
}


@dataclass(frozen=True, slots=True)
class Other:
    """Another medium, and what it is to the picture."""

    media_id: int
    words: str


def list_others(value: JsonValue) -> list[Other]:
    """The media that are like the picture, the surest first."""
    report = value if isinstance(value, dict) else {}
    similar = report.get("similar")
    return [
        Other(media_id, ", ".join(_say(pair, report)))
        for pair in (similar if isinstance(similar, list) else [])
        if isinstance(pair, dict) and isinstance(media_id := pair.get("media_id"), int)
    ]


def _say(pair: Mapping[str, JsonValue], report: Mapping[str, JsonValue]) -> Iterator[str]:
    level, relation = pair.get("level"), pair.get("relation")
    if isinstance(level, str) and level in list(Level):
        yield LEVELS[Level(level)]
    if isinstance(relation, str) and relation in RELATIONS:
        yield RELATIONS[relation]
    if pair.get("media_id") == report.get("keep"):
        yield "the one to keep"
