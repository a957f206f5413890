"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, JsonValue

from contracts.embedded import Embedded
from contracts.facts import PAIRS, PROMPTS, RECONSTRUCTED, TAGS, MediaFacts, Metadata, PastPrompt, Picture, Written
from contracts.measures import MEASURES_VERSION, Measures
from contracts.tags import Tag, Vocabulary
from contracts.verdicts import Status, Verdict
from db.json_text import read_json
from db.likeness_facts import fetch_likenesses, read_likeness
from db.pool import Connection
from db.queries import load
from db.reading_ahead import read_ahead
from db.tags import SOURCE
from db.vocabulary import VocabularyCache

_Row: TypeAlias = Mapping[str, Any]
_Model = TypeVar("_Model", bound=BaseModel)
_STATUSES = {status.value: status for status in Status}

SLICE = 125
"""Media that are read at once: PostgreSQL reads the next ones while we look at these."""


@dataclass
class _Parts:
    """The rows of statements that tell parts of facts, by medium."""

    tags: Mapping[int, _Row] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    prompts: Mapping[int, _Row] = field(default_factory=dict)
    likeness: Mapping[int, _Row] = field(default_factory=dict)

    def read(self, media_id: int) -> dict[str, Any]:
        """The fields of its facts that these tell."""
        found: dict[str, Any] = {}
        if row := self.tags.get(media_id):
            found["tags"] = tuple(Tag(*tag) for tag in row["tags"] or ())
            found["removed_tags"] = frozenset(row["removed"])
            found["vocabulary"] = self.vocabulary
        if row := self.prompts.get(media_id):
            found["prompts"] = tuple(PastPrompt(*prompt) for prompt in row["prompts"])
        if row := self.likeness.get(media_id):
            found["likeness"] = read_likeness(row)
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """The ledger's own row of a medium, apart from its lease."""

    seen: bool
    plan_no: int
    inspect_at: datetime | None
    inspect_tries: int
    look_at: datetime | None
    look_tries: int
    deleted_at: datetime | None
    due: tuple[str, ...]
    run_at: datetime
    priority: int
    alone: bool
    plan_error: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One medium as planning and finishing see it, read after its lock (P1); `now` is the database's clock.

    `unseen_tags`: it carries tags that we do not remember yet.
    """

    now: datetime
    facts: MediaFacts
    known: Known
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    unseen_tags: bool = False


async def load_snapshots(
    connection: Connection, media_ids: Sequence[int], keys: Sequence[str], language: str, names: VocabularyCache
) -> list[Snapshot]:
    """Snapshots of the media known to us, by ascending id.

    `keys` are the `media_meta` keys wanted, and `TAGS`, `PROMPTS` and `PAIRS`.
    """
    return [snapshot async for snapshot in stream_snapshots(connection, media_ids, keys, language, names)]


def stream_snapshots(
    connection: Connection, media_ids: Sequence[int], keys: Sequence[str], language: str, names: VocabularyCache
) -> AsyncGenerator[Snapshot, None]:
    """The same, slice by slice: the connection is in use until the last one was given, or the stream is closed.

    Each snapshot is made when it is asked for. Who lets go of one before the next never holds the values of a batch,
    which costs the collector of garbage more than making them.
    """
    slices = [media_ids[start : start + SLICE] for start in range(0, len(media_ids), SLICE)]
    return read_ahead(slices, lambda some: _read_slice(connection, some, keys, language, names))


async def _read_slice(
    connection: Connection, media_ids: Sequence[int], keys: Sequence[str], language: str, names: VocabularyCache
) -> Iterator[Snapshot]:
    rows = await connection.fetch(load("facts")["facts_snapshots"], list(media_ids), list(keys), MEASURES_VERSION)
    found = [row["id"] for row in rows]
    parts = _Parts()
    if rows and TAGS in keys:
        parts.tags = await _fetch(connection, "facts_tags", found, SOURCE)
        newest = parts.tags[found[0]]
        parts.vocabulary = await names.read(
            connection, rows[0]["now"], newest["last_tag_id"], newest["aliases_version"]
        )
    if rows and PROMPTS in keys:
        parts.prompts = await _fetch(connection, "facts_prompts", found, RECONSTRUCTED)
    if rows and PAIRS in keys:
        parts.likeness = await fetch_likenesses(connection, found)
    return (_read_snapshot(row, language, parts) for row in rows)


async def _fetch(connection: Connection, name: str, found: Sequence[int], source: str) -> dict[int, _Row]:
    rows = await connection.fetch(load("facts")[name], found, source)
    return {row["media_id"]: row for row in rows}


def _read_snapshot(row: _Row, language: str, parts: _Parts) -> Snapshot:
    verdicts = _read_verdicts(row)
    forced = frozenset(name for name, verdict in verdicts.items() if verdict.forced)
    tags = parts.tags.get(row["id"])
    unseen = tags is not None and tags["unseen"]
    facts = _read_facts(row, language, forced, parts)
    return Snapshot(row["now"], facts, _read_known(row), verdicts, unseen)


def _read_facts(row: _Row, language: str, forced: frozenset[str], parts: _Parts) -> MediaFacts:
    meta = read_json(row["meta"]) if row["meta"] else {}
    return MediaFacts(
        media_id=row["id"],
        exists=row["exists"],
        path=row["path"],
        mark=row["mark"] if row["exists"] else None,
        inspected_mark=row["inspected_mark"],
        content_hash=row["content_hash"],
        picture=_read_picture(row),
        unreadable=row["missing_reason"] or row["picture_unreadable"],
        metadata=Metadata(row["mime_type"], row["width"], row["height"], row["file_size"], row["created_at"]),
        meta=meta,
        written=_read_written(row, meta),
        quality_status=row["quality_status"],
        quality_score=row["quality_score"],
        publish_state=row["publish_state"],
        score_batch=row["score_batch"],
        forced=forced,
        foreign_completions=frozenset(row["foreign_completions"]),
        language=language,
        **parts.read(row["id"]),
    )


def _read_written(row: _Row, meta: Mapping[str, JsonValue]) -> dict[str, Written]:
    """What we wrote last; without a value it is the one that stands there."""
    told = read_json(row["written"]) if row["written"] else {}
    return {field: Written(last[1] if len(last) > 1 else meta[field], last[0]) for field, last in told.items()}


def _read_known(row: _Row) -> Known:
    return Known(
        seen=row["seen"],
        plan_no=row["plan_no"],
        inspect_at=row["inspect_at"],
        inspect_tries=row["inspect_tries"],
        look_at=row["look_at"],
        look_tries=row["look_tries"],
        deleted_at=row["deleted_at"],
        due=tuple(row["due"]),
        run_at=row["run_at"],
        priority=row["priority"],
        alone=row["alone"],
        plan_error=row["plan_error"],
    )


def _read_picture(row: _Row) -> Picture | None:
    if not row["has_picture"]:
        return None
    return Picture(
        row["picture_format"],
        row["picture_width"],
        row["picture_height"],
        row["pixel_hash"],
        row["picture_unreadable"],
        _read_model(Measures, row["measures"]),
        row["phash"],
        row["nearest"],
        row["compared"],
        row["nsfw"],
        bool(row["nsfw_tried"]),
        _read_model(Embedded, row["embedded"]),
    )


def _read_model(model: type[_Model], text: str | None) -> _Model | None:
    return None if text in (None, "null", "{}") else model.model_validate_json(text)


def _read_verdicts(row: _Row) -> dict[str, Verdict]:
    told = read_json(row["verdicts"]) if row["verdicts"] else {}
    return {job_type: _read_verdict(*job) for job_type, job in told.items()}


def _read_verdict(status: str, reason: str, fingerprint: str | None, *rest: Any) -> Verdict:
    generation, forced, attempt, run_at = rest
    moment = None if run_at is None else datetime.fromisoformat(run_at)
    return Verdict(_STATUSES[status], reason, fingerprint, generation, forced, attempt, moment)
