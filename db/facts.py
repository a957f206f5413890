"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.facts import TAGS, MediaFacts, Metadata, Picture, Written
from contracts.measures import MEASURES_VERSION, Measures
from contracts.verdicts import Status, Verdict
from db.pool import Connection
from db.queries import load


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
    """One medium as planning and finishing see it, read after its lock (P1); `now` is the database's clock."""

    now: datetime
    facts: MediaFacts
    known: Known
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


async def load_snapshots(
    connection: Connection, media_ids: Sequence[int], keys: Sequence[str], language: str
) -> list[Snapshot]:
    """Snapshots of the media known to us, by ascending id; `keys` are the `media_meta` keys wanted, and `TAGS`."""
    sql = load("facts")
    rows = await connection.fetch(sql["facts_snapshots"], list(media_ids), list(keys), MEASURES_VERSION)
    found = [Snapshot(row["now"], _read_facts(row, language), _read_known(row), _read_verdicts(row)) for row in rows]
    if TAGS not in keys:
        return found
    rows = await connection.fetch(sql["facts_tags"], list(media_ids))
    tags = {row["media_id"]: tuple(row["names"]) for row in rows}
    return [replace(s, facts=replace(s.facts, tags=tags.get(s.facts.media_id, ()))) for s in found]


def _read_facts(row: Mapping[str, Any], language: str) -> MediaFacts:
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
        written={field: Written(*last) for field, last in (row["written"] or {}).items()},
        quality_status=row["quality_status"],
        quality_score=row["quality_score"],
        publish_state=row["publish_state"],
        score_batch=row["score_batch"],
        foreign_completions=frozenset(row["foreign_completions"]),
        language=language,
    )


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
    )


def _read_verdicts(row: Mapping[str, Any]) -> dict[str, Verdict]:
    return {job_type: _read_verdict(*job) for job_type, job in (row["verdicts"] or {}).items()}


def _read_verdict(status: str, reason: str, fingerprint: str | None, *rest: Any) -> Verdict:
    generation, forced, attempt, run_at = rest
    moment = None if run_at is None else datetime.fromisoformat(run_at)
    return Verdict(Status(status), reason, fingerprint, generation, forced, attempt, moment)
