"""Loading what is known of media: facts for the stages, verdicts and the ledger's own row for planning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

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
    found = [Snapshot(row["now"], _read_facts(row, language), _read_known(row), _read_verdicts(row)) for row in rows]
    if found and TAGS in keys:
        found = await _add_tags(connection, found, names)
    if found and PROMPTS in keys:
        found = await _add_prompts(connection, found)
    if found and PAIRS in keys:
        likeness = await read_likenesses(connection, [s.facts.media_id for s in found])
        found = [replace(s, facts=replace(s.facts, likeness=likeness[s.facts.media_id])) for s in found]
    return found


async def _add_tags(connection: Connection, found: Sequence[Snapshot], names: VocabularyCache) -> list[Snapshot]:
    rows = await connection.fetch(load("facts")["facts_tags"], [s.facts.media_id for s in found], SOURCE)
    by_media = {row["media_id"]: row for row in rows}
    vocabulary = await names.read(connection, found[0].now, rows[0]["last_tag_id"], rows[0]["aliases_version"])
    tagged = []
    for snapshot in found:
        row = by_media[snapshot.facts.media_id]
        tags = tuple(Tag(*tag) for tag in row["tags"] or ())
        facts = replace(snapshot.facts, tags=tags, removed_tags=frozenset(row["removed"]), vocabulary=vocabulary)
        tagged.append(replace(snapshot, facts=facts, unseen_tags=row["unseen"]))
    return tagged


async def _add_prompts(connection: Connection, found: Sequence[Snapshot]) -> list[Snapshot]:
    media_ids = [s.facts.media_id for s in found]
    rows = await connection.fetch(load("facts")["facts_prompts"], media_ids, RECONSTRUCTED)
    past = {row["media_id"]: tuple(PastPrompt(*prompt) for prompt in row["prompts"]) for row in rows}
    return [replace(s, facts=replace(s.facts, prompts=past.get(s.facts.media_id, ()))) for s in found]


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
        forced=frozenset(name for name, job in (row["verdicts"] or {}).items() if job[4]),
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
        row["embedded"] and Embedded.model_validate(row["embedded"]),
    )


def _read_verdicts(row: Mapping[str, Any]) -> dict[str, Verdict]:
    return {job_type: _read_verdict(*job) for job_type, job in (row["verdicts"] or {}).items()}


def _read_verdict(status: str, reason: str, fingerprint: str | None, *rest: Any) -> Verdict:
    generation, forced, attempt, run_at = rest
    moment = None if run_at is None else datetime.fromisoformat(run_at)
    return Verdict(Status(status), reason, fingerprint, generation, forced, attempt, moment)
