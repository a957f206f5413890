"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import JsonValue

from contracts.embedded import Embedded
from contracts.facts import PAIRS, PROMPTS, RECONSTRUCTED, TAGS, MediaFacts, Metadata, PastPrompt, Picture, Written
from contracts.measures import MEASURES_VERSION, Measures
from contracts.tags import Tag
from contracts.verdicts import Status, Verdict
from db.likeness_facts import read_likenesses
from db.pool import Connection
from db.queries import load
from db.tags import SOURCE
from db.vocabulary import VocabularyCache

_Parts: TypeAlias = defaultdict[int, dict[str, Any]]
"""Fields of a medium's facts that have statements of their own."""


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
    rows = await connection.fetch(load("facts")["facts_snapshots"], list(media_ids), list(keys), MEASURES_VERSION)
    found = [row["id"] for row in rows]
    parts: _Parts = defaultdict(dict)
    unseen = frozenset[int]()
    if rows and TAGS in keys:
        unseen = await _add_tags(connection, found, rows[0]["now"], names, parts)
    if rows and PROMPTS in keys:
        await _add_prompts(connection, found, parts)
    if rows and PAIRS in keys:
        for media_id, likeness in (await read_likenesses(connection, found)).items():
            parts[media_id]["likeness"] = likeness
    return [
        Snapshot(
            row["now"], _read_facts(row, language, parts[row["id"]]), _read_known(row), _read_verdicts(row),
            row["id"] in unseen,
        )
        for row in rows
    ]  # fmt: skip


async def _add_tags(
    connection: Connection, found: Sequence[int], now: datetime, names: VocabularyCache, parts: _Parts
) -> frozenset[int]:
    """Returns the media that carry tags which we do not remember yet."""
    rows = await connection.fetch(load("facts")["facts_tags"], found, SOURCE)
    vocabulary = await names.read(connection, now, rows[0]["last_tag_id"], rows[0]["aliases_version"])
    for row in rows:
        tags = tuple(Tag(*tag) for tag in row["tags"] or ())
        parts[row["media_id"]] |= {
            "tags": tags, "removed_tags": frozenset(row["removed"]), "vocabulary": vocabulary
        }  # fmt: skip
    return frozenset(row["media_id"] for row in rows if row["unseen"])


async def _add_prompts(connection: Connection, found: Sequence[int], parts: _Parts) -> None:
    for row in await connection.fetch(load("facts")["facts_prompts"], found, RECONSTRUCTED):
        parts[row["media_id"]]["prompts"] = tuple(PastPrompt(*prompt) for prompt in row["prompts"])


def _read_facts(row: Mapping[str, Any], language: str, parts: Mapping[str, Any]) -> MediaFacts:
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
        meta=row["meta"] or {},
        written={field: _read_written(row, field, *last) for field, last in (row["written"] or {}).items()},
        quality_status=row["quality_status"],
        quality_score=row["quality_score"],
        publish_state=row["publish_state"],
        score_batch=row["score_batch"],
        forced=frozenset(name for name, job in (row["verdicts"] or {}).items() if job[4]),
        foreign_completions=frozenset(row["foreign_completions"]),
        language=language,
        **parts,
    )


def _read_written(row: Mapping[str, Any], field: str, content_hash: str | None, *value: JsonValue) -> Written:
    """What we wrote last; without a value it is the one that stands there."""
    return Written(value[0] if value else row["meta"][field], content_hash)


def _read_known(row: Mapping[str, Any]) -> Known:
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


def _read_picture(row: Mapping[str, Any]) -> Picture | None:
    if not row["has_picture"]:
        return None
    return Picture(
        row["picture_format"],
        row["picture_width"],
        row["picture_height"],
        row["pixel_hash"],
        row["picture_unreadable"],
        row["measures"] and Measures.model_validate(row["measures"]),
        row["phash"],
        row["nearest"],
        row["compared"],
        row["nsfw"],
        bool(row["nsfw_tried"]),
        row["embedded"] and Embedded.model_validate(row["embedded"]),
    )


def _read_verdicts(row: Mapping[str, Any]) -> dict[str, Verdict]:
    return {job_type: _read_verdict(*job) for job_type, job in (row["verdicts"] or {}).items()}


def _read_verdict(status: str, reason: str, fingerprint: str | None, *rest: Any) -> Verdict:
    generation, forced, attempt, run_at = rest
    moment = None if run_at is None else datetime.fromisoformat(run_at)
    return Verdict(Status(status), reason, fingerprint, generation, forced, attempt, moment)
