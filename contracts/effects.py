"""What a finished job asks the database to write; the database decides, in the writing statement, whether it may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue


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


Effect = PutMeta | SetQuality | AddLifecycleEvent
Effects = tuple[Effect, ...]
