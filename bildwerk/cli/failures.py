"""`bildwerk failures`: the jobs that failed, and trying them again."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, TypeVar

import orjson
import typer

from bildwerk import failures
from bildwerk.arguments import make_database, make_planner
from bildwerk.cli.connections import connected
from bildwerk.cli.job_types import OnlyJobTypes, check_job_types
from bildwerk.cli.moments import Since, show_moment
from bildwerk.cli.naming import printable
from bildwerk.environment import read
from bildwerk.failures import Tally
from bildwerk.reasons import say
from bildwerk.replay_words import list_counts
from bildwerk.settings import Settings
from db import failed_jobs
from db.failed_jobs import FailedJob, Group, Selection
from db.pool import open_pool

app = typer.Typer(help="Show jobs that failed, and try them again.", no_args_is_help=True)

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only failed for this reason; may be repeated.")]
T = TypeVar("T")
MediaIds = Annotated[
    list[int] | None, typer.Option("--media-id", min=1, max=2**63 - 1, help="Only this medium; may be repeated.")
]


@app.command("list")
def list_failures(
    job_types: OnlyJobTypes = None,
    reasons: Reasons = None,
    media_ids: MediaIds = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Show so many of the newest.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Count failed jobs by type and reason and show the newest; `bildwerk explain` says more about each."""
    groups, newest = asyncio.run(_look(read(Settings), _select(job_types, reasons, media_ids, since), limit))
    if as_json:
        told = {"reasons": [asdict(group) for group in groups], "newest": [asdict(job) for job in newest]}
        typer.echo(orjson.dumps(told).decode())
        return
    for line in _describe(groups, newest):
        typer.echo(printable(line))
    if not groups:
        typer.echo("no job has failed", err=True)


@app.command()
def retry(
    job_types: OnlyJobTypes = None,
    reasons: Reasons = None,
    media_ids: MediaIds = None,
    since: Since = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be tried again.")] = False,
) -> None:
    """Try failed jobs again, all of them or those named; what else is done or satisfied stays as it is."""
    selection = _select(job_types, reasons, media_ids, since)
    tally = asyncio.run(_retry(read(Settings), selection, dry=dry_run))
    typer.echo(describe(tally, dry=dry_run), err=True)


def describe(tally: Tally, *, dry: bool) -> str:
    """A line of counts."""
    jobs = f"{tally.jobs.total()} jobs of {tally.media} media"
    which = f": {list_counts(tally.jobs)}" if tally.jobs else ""
    return f"{jobs} would be tried again{which}" if dry else f"{jobs} are tried again, {tally.due} media due{which}"


def _select(
    job_types: Sequence[str] | None,
    reasons: Sequence[str] | None,
    media_ids: Sequence[int] | None,
    since: datetime | None,
) -> Selection:
    check_job_types(job_types or ())
    return Selection(_any(job_types), _any(reasons), _any(media_ids), since)


def _any(named: Sequence[T] | None) -> tuple[T, ...] | None:
    return tuple(named) if named else None


async def _look(settings: Settings, selection: Selection, limit: int) -> tuple[list[Group], list[FailedJob]]:
    async with connected(settings) as connection:
        groups = await failed_jobs.count(connection, selection)
        return groups, await failed_jobs.list_newest(connection, selection, limit)


async def _retry(settings: Settings, selection: Selection, *, dry: bool) -> Tally:
    planner = make_planner(settings)
    async with connected(settings):
        pass  # refused with a line, before a pool goes on trying
    async with open_pool(make_database(settings)) as pool:
        return await failures.retry(pool, planner, selection, dry=dry)


def _describe(groups: Sequence[Group], newest: Sequence[FailedJob]) -> Iterator[str]:
    for group in groups:
        why = f"{group.reason}: {say(group.reason)}, last at {show_moment(group.last_at)}"
        yield f"{group.number:>8}  {group.job_type} {why}"
    if newest:
        yield "the newest:"
    for job in newest:
        yield f"  medium {job.media_id}: {job.job_type}, {show_moment(job.changed_at)}, {job.reason}"
