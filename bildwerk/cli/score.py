"""`bildwerk score --batch NAME`: ask for a set of media to be scored."""

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from bildwerk.arguments import make_database, make_planner
from bildwerk.cli.connections import connected
from bildwerk.cli.problem import Problem
from bildwerk.environment import read
from bildwerk.scoring import JOB_TYPE, Batch, Tally, ask_scores
from bildwerk.settings import Settings
from contracts.events import BatchName
from db.pool import open_pool
from db.score_batches import Selection

LAST_ID = 2**63 - 1


def score(
    batch: Annotated[str, typer.Option("--batch", help="The batch's name: up to 64 characters.")],
    ids: Annotated[list[int] | None, typer.Argument(metavar="IDS", min=1, max=LAST_ID, help="Ids of media.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only media without scores.")] = False,
    path: Annotated[str | None, typer.Option("--path", help="Only paths like this: * any text, ? one letter.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Score anew what has scores, once per batch.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would join.")] = False,
) -> None:
    """Ask for scores: the media named join a batch, and are scored without waiting for a quality analysis."""
    wanted = Selection(tuple(ids) if ids else None, path, missing)
    if wanted == Selection():
        raise Problem("nothing is named: give ids, --missing or --path (`--path '*'` for the whole library)")
    try:
        name = TypeAdapter[str](BatchName).validate_python(batch)
    except ValidationError:
        raise Problem("the batch's name is empty, longer than 64 characters, or holds control characters") from None
    tally = asyncio.run(_ask(read(Settings), Batch(name, wanted, again), dry=dry_run))
    typer.echo(describe(tally, dry=dry_run), err=True)
    if ids and not (missing or path) and (unknown := len(set(ids)) - tally.media):
        typer.echo(f"{unknown} of the ids are no media", err=True)


async def _ask(settings: Settings, batch: Batch, *, dry: bool) -> Tally:
    planner = make_planner(settings)
    if JOB_TYPE not in planner.chain.upstreams:
        raise Problem(f"nothing is scored here: BILDWERK_JOB_TYPES does not name {JOB_TYPE}")
    async with connected(settings):
        pass  # refused with a line, before a pool goes on trying
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.fields[media]} media"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("score", media=0)
        async with open_pool(make_database(settings)) as pool:
            return await ask_scores(
                pool, planner, batch, lambda tally: progress.update(task, media=tally.media), dry=dry
            )


def describe(tally: Tally, *, dry: bool) -> str:
    """A line of counts."""
    if dry:
        return f"{tally.media} media, {tally.joined} of them would join"
    return f"{tally.media} media: {tally.joined} joined, {tally.due} due, {tally.waiting} waiting"
