"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, JsonValue

from contracts.duplicates import ASKED, ASKS, Likeness
from contracts.embedded import Embedded
from contracts.facts import PAIRS, PROMPTS, RECONSTRUCTED, TAGS, MediaFacts, Metadata, PastPrompt, Picture, Written
from contracts.measures import MEASURES_VERSION, Measures
from contracts.tags import Tag, Vocabulary
from contracts.verdicts import Status, Verdict
from db.duplicates import GROUP
from db.json_text import read_json
from db.likeness_facts import read_likeness
from db.pool import Connection
from db.queries import keep_parts, load
from db.reading_ahead import read_ahead
from db.tags import SOURCE
from db.vocabulary import VocabularyCache

_Row: TypeAlias = Mapping[str, Any]
_Model = TypeVar("_Model", bound=BaseModel)
_STATUSES = {status.value: status for status in Status}
_PARTS = {"tags": TAGS, "prompts": PROMPTS, "likeness": PAIRS}
"""The parts of `facts_snapshots`, and the keys they are wanted by."""

SLICE = 125
"""Media that are read at once: PostgreSQL reads the next ones while we look at these."""


PAIRS_GIVEN = 64
"""Pairs of one medium that are given: those it asks about, then the oldest media."""


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


async def read_likenesses(connection: Connection, media_ids: Sequence[int]) -> dict[int, Likeness]:
    """What each medium known to us has in common with others."""
    snapshots = await load_snapshots(connection, media_ids, [PAIRS], "", VocabularyCache())
    return {snapshot.facts.media_id: snapshot.facts.likeness for snapshot in snapshots}


def ask_facts(media_ids: Sequence[int], keys: Sequence[str]) -> tuple[Any, ...]:
    """The statement that reads all that is known of media, and what it is asked with."""
    wanted = tuple(part for part, key in _PARTS.items() if key in keys)
    asked = MEASURES_VERSION, SOURCE, RECONSTRUCTED, ASKS, sorted(ASKED), GROUP, PAIRS_GIVEN
    return _name_statement(wanted), list(media_ids), list(keys), *asked


@cache
def _name_statement(wanted: tuple[str, ...]) -> str:
    return keep_parts(load("facts")["facts_snapshots"], wanted)


async def _read_slice(
    connection: Connection, media_ids: Sequence[int], keys: Sequence[str], language: str, names: VocabularyCache
) -> Iterator[Snapshot]:
    rows = await connection.fetch(*ask_facts(media_ids, keys))
    vocabulary = Vocabulary()
    if rows and TAGS in keys:
        newest = rows[0]
        vocabulary = await names.read(connection, newest["now"], newest["last_tag_id"], newest["aliases_version"])
    return (_read_snapshot(row, language, vocabulary) for row in rows)


def _read_snapshot(row: _Row, language: str, vocabulary: Vocabulary) -> Snapshot:
    verdicts = _read_verdicts(row)
    forced = frozenset(name for name, verdict in verdicts.items() if verdict.forced)
    facts = _read_facts(row, language, forced, vocabulary)
    return Snapshot(row["now"], facts, _read_known(row), verdicts, bool(row.get("unseen")))


def _read_facts(row: _Row, language: str, forced: frozenset[str], vocabulary: Vocabulary) -> MediaFacts:
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
        tags=tuple(Tag(*tag) for tag in row.get("tags") or ()),
        removed_tags=frozenset(row.get("removed") or ()),
        vocabulary=vocabulary,
        prompts=tuple(PastPrompt(*prompt) for prompt in row.get("prompts") or ()),
        likeness=Likeness() if row.get("sought") is None else read_likeness(row),
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
