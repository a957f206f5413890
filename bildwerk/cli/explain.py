"""`bildwerk explain MEDIA`: what the ledger thinks of one medium, job type by job type, and why."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from bildwerk.arguments import make_planner
from bildwerk.cli.connections import connected
from bildwerk.cli.naming import NAMED, find_named, printable
from bildwerk.cli.problem import Problem
from bildwerk.demo import suggestions, verdicts
from bildwerk.environment import read
from bildwerk.likeness_words import list_pairs
from bildwerk.reasons import say
from bildwerk.settings import Settings
from contracts.facts import MediaFacts, Standing
from contracts.verdicts import Verdict
from db.facts import Snapshot, load_snapshots
from db.reads import Record, Run, read_record
from db.score_batches import list_batches
from db.vocabulary import VocabularyCache
from handlers.chain import Chain
from handlers.choice.choice import Exclusion
from handlers.choice.opting_out import SKIP, list_unknown

HOLDERS = {
    Standing.ABSENT: "nobody wrote it",
    Standing.OURS: "ours",
    Standing.STALE: "ours, from an older picture",
    Standing.KEPT: "a person's or the platform's; never changed",
}


@dataclass(frozen=True, slots=True)
class Medium:
    """Everything that is told of one medium."""

    snapshot: Snapshot
    record: Record
    chain: Chain
    batches: tuple[str, ...] = ()


def explain(
    medium: Annotated[str, typer.Argument(metavar="MEDIA", help=NAMED)],
) -> None:
    """Say for every job type of one medium how it stands and why, and who holds each field."""
    found = asyncio.run(_look(read(Settings), medium))
    for line in describe(found):
        typer.echo(line)


async def _look(settings: Settings, name: str) -> Medium:
    chain = make_planner(settings).chain
    async with connected(settings) as connection:
        media_id = await find_named(connection, settings, name)
        record = await read_record(connection, media_id)
        batches = await list_batches(connection, media_id)
        snapshots = await load_snapshots(connection, [media_id], chain.keys, settings.language, VocabularyCache())
    if record is None or not snapshots:
        raise Problem(f"medium {media_id} is in public.media, but no event ever named it: send media.created")
    return Medium(snapshots[0], record, chain, batches)


def describe(medium: Medium) -> list[str]:
    """The whole explanation, line by line."""
    facts, chain = medium.snapshot.facts, medium.chain
    barred = chain.choice.bar(facts, medium.snapshot.now, chain.job_types)
    lines = [
        f"medium {facts.media_id}: {facts.path or 'not on the platform'}",
        *_picture(medium),
        *_lease(medium.record),
        *(f"  in the score batch {name}" for name in medium.batches),
        *(f"  {SKIP} names {printable(name)}, which is no job type here" for name in _misnamed(medium)),
    ]
    for stage in chain.stages:
        name = stage.job_type
        verdict = medium.snapshot.verdicts.get(name)
        lines += ["", f"{name}: {_verdict(verdict, facts, barred.get(name))}"]
        lines += _last_error(medium.record, name)
        lines += _last_run(medium.record, name)
        for key in stage.writes:
            lines.append(f"  {key}: {_holder(facts, medium.record, key)}")
            lines += [f"    {printable(line)}" for line in _found(facts, key)]
    return lines


def _picture(medium: Medium) -> list[str]:
    facts, record = medium.snapshot.facts, medium.record
    lines = []
    if not facts.exists:
        lines.append("  deleted on the platform" if record.deleted_at else _awaited(record))
    elif record.inspect_at is not None:
        tries = f", tried {record.inspect_tries} times" if record.inspect_tries else ""
        lines.append(f"  its picture is to be looked at{tries}")
    if facts.unreadable:
        lines.append(f"  no picture: {say(facts.unreadable)}")
    elif facts.picture:
        p = facts.picture
        lines.append(f"  {p.format}, {p.width} x {p.height} pixels, content {str(facts.content_hash)[:12]}")
    if record.plan_error:
        lines.append(f"  cannot be planned: {record.plan_error}")
    return lines


def _awaited(record: Record) -> str:
    if record.look_at is None:
        return "  an event named it, but the platform never had it: given up, see `bildwerk dead-letters list`"
    return f"  an event named it, but the platform does not have it yet; looked {record.look_tries} times"


def _lease(record: Record) -> list[str]:
    if not record.leased or record.until is None:
        return []
    left = (record.until - record.now).total_seconds()
    return [f"  being worked on; its lease holds {left:.0f} s more" if left > 0 else "  its worker is gone; free again"]


def _misnamed(medium: Medium) -> tuple[str, ...]:
    return list_unknown(medium.snapshot.facts.meta.get(SKIP), medium.chain.job_types)


def _verdict(verdict: Verdict | None, facts: MediaFacts, exclusion: Exclusion | None) -> str:
    if verdict is None:
        return "not planned yet"
    why = say(verdict.reason)
    if exclusion and exclusion.reason == verdict.reason and exclusion.rule not in why:
        why = f"{why} ({printable(exclusion.rule)})"
    if verdict.reason == "unreadable_picture" and facts.unreadable:
        why = f"{why}: {say(facts.unreadable)}"
    words = [f"{verdict.status.value}: {why}" if why else verdict.status.value]
    if verdict.attempt:
        words.append(f"tried {verdict.attempt} time{'s' * (verdict.attempt > 1)}")
    if verdict.run_at:
        words.append(f"next try at {verdict.run_at:%H:%M:%S} UTC")
    if verdict.generation:
        words.append(f"generation {verdict.generation}")
    return ", ".join(words)


def _last_error(record: Record, job_type: str) -> list[str]:
    error = record.errors.get(job_type)
    if not isinstance(error, dict):
        return []
    detail = f" ({error['detail']})" if error.get("detail") else ""
    return [f"  last error: {say(str(error.get('reason')))}{detail}"]


def _last_run(record: Record, job_type: str) -> list[str]:
    run = next((run for run in record.runs if run.job_type == job_type), None)
    if run is None:
        return []
    words = [f"run {run.id} {_say_source(run)} at {run.started_at:%Y-%m-%d %H:%M:%S}"]
    words.append(f"{run.outcome or 'under way'}: {say(run.reason)}" if run.reason else run.outcome or "under way")
    if run.total_ms:
        words.append(f"{run.total_ms / 1000:.1f} s")
    if run.answer_tokens:
        words.append(f"{run.prompt_tokens} tokens read, {run.answer_tokens} written")
    return [f"  {', '.join(words)}"]


def _say_source(run: Run) -> str:
    if run.reused_from is not None:
        return f"taken over from run {run.reused_from} of medium {run.reused_medium} ({run.model})"
    if run.fused_in is not None:
        return f"in the call of run {run.fused_in} on {run.host} with {run.model}"
    return f"on {run.host} with {run.model}" if run.host else "by rules alone"


def _found(facts: MediaFacts, key: str) -> Iterator[str]:
    """What the value there comes to; captions, titles and prompts themselves are not told."""
    value = facts.meta.get(key)
    if key == "ollama.quality":
        yield from (badge.words for badge in (verdicts.read_quality(value),) if badge)
        yield from verdicts.list_defects(value)
    elif key == "ollama.scores":
        yield from map(_say_axis, verdicts.list_scores(value))
    elif key == "ollama.policy_flags":
        yield from (badge.words for badge in (verdicts.read_policy(value),) if badge)
        yield from verdicts.list_flags(value)
    elif key == "ollama.tags_normalized":
        yield from _tags(facts)
    elif key == "ollama.duplicate_assist":
        yield from list_pairs(facts.likeness)
    elif key == "ollama.prompt_reconstruction" and (prompt := suggestions.read_prompt(value, ())):
        yield prompt.origin


def _tags(facts: MediaFacts) -> Iterator[str]:
    """What it carries, and what it does not get again."""
    for label in suggestions.label_tags(facts.tags):
        yield f"{label.name}: {label.details}"
    for name in sorted(facts.removed_tags):
        yield f"{name}: taken away by somebody, not given again"


def _say_axis(axis: verdicts.Axis) -> str:
    words = [axis.name, "none" if axis.score is None else f"{axis.score:.2f}"]
    words.append(f"({axis.level}{', limited by what is known' if axis.limited else ''})" if axis.level else "")
    return " ".join(filter(None, words))


def _holder(facts: MediaFacts, record: Record, key: str) -> str:
    standing = facts.standing(key)
    if facts.is_locked(key):
        return "locked by a person"
    if standing is Standing.KEPT and key not in facts.meta:
        return "a person deleted it; it stays deleted"
    run = record.written_by.get(key)
    return f"{HOLDERS[standing]} (run {run})" if run and standing is not Standing.KEPT else HOLDERS[standing]
