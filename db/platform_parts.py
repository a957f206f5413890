"""The six tables of a platform and their columns: which part each plays, and what may stand there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class Kind(Enum):
    """What a column holds. `types` are those of PostgreSQL that are read and written; the first is what we would make.

    `nothing` is what is read where there is no such column.
    """

    ID = ("bigint", ("int8", "int4"), "NULL::bigint")
    TEXT = ("text", ("text", "varchar"), "NULL::text")
    JSON = ("jsonb", ("jsonb", "json", "text", "varchar"), "NULL::jsonb")
    SHARE = ("real", ("float4", "float8", "numeric"), "NULL::real")
    COUNT = ("bigint", ("int8", "int4", "int2"), "NULL::bigint")
    MOMENT = ("timestamptz", ("timestamptz", "timestamp"), "NULL::timestamptz")
    FLAG = ("boolean", ("bool",), "false")

    def __init__(self, name: str, types: tuple[str, ...], nothing: str) -> None:
        self.spelling, self.types, self.nothing = name, types, nothing


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `longest` is how many characters of text we may write there, 0 where we write none or any number."""

    kind: Kind
    required: bool = False
    longest: int = 0
    unlimited: bool = False
    """Whether what we write may be of any length, so that no limit will do."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table. `inserted` are the columns that we give a new row; `written_by` the optional write that makes them.

    `key` are the columns that must be unique together where anything is written: it is how one is told from two.
    """

    columns: Mapping[str, Column]
    required: bool = False
    key: tuple[str, ...] = ()
    inserted: tuple[str, ...] = ()
    written_by: str | None = None


_ID, _TEXT, _MOMENT = Column(Kind.ID, required=True), Column(Kind.TEXT), Column(Kind.MOMENT)
_COUNT, _SHARE = Column(Kind.COUNT), Column(Kind.SHARE)
_MEDIA = {
    "id": _ID,
    "path": Column(Kind.TEXT, required=True),
    "hash": _TEXT,
    "phash": _TEXT,
    "mime_type": _TEXT,
    "width": _COUNT,
    "height": _COUNT,
    "file_size": _COUNT,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "quality_status": Column(Kind.TEXT, longest=7),
    "quality_score": _SHARE,
    "publish_state": _TEXT,
}
_META = {
    "media_id": _ID,
    "key": Column(Kind.TEXT, required=True, longest=40),
    "value": Column(Kind.JSON, required=True, unlimited=True),
}
_TAGS = {"id": _ID, "name": Column(Kind.TEXT, required=True, longest=60)}
_LINKS = {
    "media_id": _ID,
    "tag_id": _ID,
    "confidence": _SHARE,
    "weight": _SHARE,
    "locked": Column(Kind.FLAG),
    "source": Column(Kind.TEXT, longest=21),
}
_EVENTS = {
    "media_id": _ID,
    "type": Column(Kind.TEXT, required=True, longest=12),
    "payload": Column(Kind.JSON, required=True, unlimited=True),
    "created_at": _MOMENT,
}
_PROMPTS = {
    "id": Column(Kind.ID),
    "media_id": _ID,
    "prompt": Column(Kind.TEXT, required=True, unlimited=True),
    "negative_prompt": Column(Kind.TEXT, unlimited=True),
    "source": Column(Kind.TEXT, longest=19),
    "confidence": _SHARE,
    "created_at": _MOMENT,
}
PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "media": Part(_MEDIA, required=True, key=("id",)),
        "media_meta": Part(_META, required=True, key=("media_id", "key"), inserted=tuple(_META)),
        "tags": Part(_TAGS, key=("name",), inserted=("name",), written_by="tags"),
        "media_tags": Part(
            _LINKS,
            key=("media_id", "tag_id"),
            inserted=("media_id", "tag_id", "confidence", "weight", "source"),
            written_by="tags",
        ),
        "media_lifecycle_events": Part(_EVENTS, inserted=tuple(_EVENTS), written_by="events"),
        "prompt_history": Part(
            _PROMPTS,
            inserted=("media_id", "prompt", "negative_prompt", "source", "confidence", "created_at"),
            written_by="prompts",
        ),
    }
)
"""By the names that our queries use. docs/platforms.md says the same for people."""
KEYS: Final = ("caption", "description", "locks", "negative_prompt", "prompt", "title")
"""The keys of `media_meta` that we read and others write; besides them all that begin with `SCAN`."""
WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"quality_status": ("unknown", "ok", "review", "defect"), "publish_state": ("staging",)}
)
"""The columns of `media` that hold one of a few words, and ours for them."""
NEEDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "tags": ("tags", "media_tags"),
        "prompts": ("prompt_history.source",),
        "quality": ("media.quality_status",),
        "events": ("media_lifecycle_events",),
    }
)
"""What each optional write cannot be made without: a table, or a column of one."""
NESTED: Final = 3_000
"""Brackets beyond which a text is not tried as JSON: nested too deep, PostgreSQL raises an error instead of a no."""
