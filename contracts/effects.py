"""What a finished job asks the database to write; the database decides, in the writing statement, whether it may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from contracts.duplicates import Opinion
from contracts.tags import WeightedTag


@dataclass(frozen=True, slots=True)
class PutMeta:
    """Write one `media_meta` value, unless somebody else holds the field by then."""

    key: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class SetQuality:
    """Write `media.quality_status` and, unless None, `media.quality_score` (0 to 1), as far as nobody else wrote them.

    A status `unknown` is nobody's.
    """

    status: Literal["ok", "review", "defect"]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class AddLifecycleEvent:
    """Add one row to `media_lifecycle_events`."""

    type: str
    payload: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class PutTags:
    """Make these all the tags that the medium has from us: add, weigh anew, take away what we once gave it.

    Names are canonical. Nobody else's tag is touched, and none that somebody took away comes back.
    """

    tags: tuple[WeightedTag, ...]


@dataclass(frozen=True, slots=True)
class AddPrompt:
    """Add a prompt to the medium's `prompt_history`, unless the same one of ours is there. `confidence` is 0 to 1."""

    prompt: str
    negative_prompt: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class PutOpinions:
    """Keep what the model said of the medium and these others, and ask no more; None: they were left unasked."""

    opinions: Mapping[int, Opinion | None]


Effect = PutMeta | SetQuality | AddLifecycleEvent | PutTags | AddPrompt | PutOpinions
Effects = tuple[Effect, ...]
