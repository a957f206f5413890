"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from contracts.facts import MediaFacts, Metadata, Picture, Written
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
    """Snapshots of the media known to us, by ascending id; `keys` are the `media_meta` keys wanted."""
    sql = load("facts")
    ids = list(media_ids)
    rows = await connection.fetch(sql["facts_media"], ids)
    meta: dict[int, dict[str, JsonValue]] = defaultdict(dict)
    for row in await connection.fetch(sql["facts_meta"], ids, list(keys)):
        meta[row["media_id"]][row["key"]] = row["value"]
    written: dict[int, dict[str, Written]] = defaultdict(dict)
    for row in await connection.fetch(sql["facts_written"], ids):
        written[row["media_id"]][row["field"]] = Written(row["value"], row["content_hash"])
    verdicts: dict[int, dict[str, Verdict]] = defaultdict(dict)
    for row in await connection.fetch(sql["facts_verdicts"], ids):
        verdicts[row["media_id"]][row["job_type"]] = _read_verdict(row)
    foreign: dict[int, set[str]] = defaultdict(set)
    for row in await connection.fetch(sql["facts_foreign_completions"], ids):
        foreign[row["media_id"]].add(row["job_type"])

    def build(row: Mapping[str, Any]) -> Snapshot:
        media_id = row["id"]
        facts = replace(
            _read_facts(row, language),
            meta=meta[media_id],
            written=written[media_id],
            foreign_completions=frozenset(foreign[media_id]),
        )
        return Snapshot(row["now"], facts, _read_known(row), verdicts[media_id])

    return [build(row) for row in rows]


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
    )


def _read_verdict(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        Status(row["status"]),
        row["reason"],
        row["fingerprint"],
        row["generation"],
        row["forced"],
        row["attempt"],
        row["run_at"],
    )
