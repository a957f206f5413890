"""`bildwerk dead-letters`: the events that nobody could act on: look, try again, drop; and let events in again."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import orjson
import typer

from bildwerk.arguments import make_database, make_kafka, make_planner, make_rules
from bildwerk.cli.connections import blame_kafka, connected
from bildwerk.cli.moments import Since, Until, show_milliseconds, show_moment
from bildwerk.cli.naming import escaped
from bildwerk.cli.problem import Problem
from bildwerk.environment import read
from bildwerk.intake_words import explain_stop
from bildwerk.letter_words import (
    describe_completeness,
    describe_retry,
    name_place,
    say_letter,
    tell_group,
    tell_letter,
)
from bildwerk.settings import Settings
from consumers.letter_retry import LetterRetry, Tally
from db import intake_stop, letter_box
from db.intake_stop import IntakeStop
from db.letter_box import Group, Kept, Selection
from db.pool import Connection, open_pool

app = typer.Typer(help="Events that nobody could understand or plan: look, try again, drop.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Argument(metavar="IDS", min=1, max=2**63 - 1, help="Ids of dead letters.")]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only those with this reason; may be repeated.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Result = TypeVar("Result")
Found = tuple[list[Group], list[Kept], IntakeStop | None]


@app.command("list")
def list_letters(
    reasons: Reasons = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Show so many of the newest.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Count dead letters by reason and show the newest. Times are those at which they were buried."""
    selection = Selection(None, tuple(reasons) if reasons else None, since, until)
    groups, newest, stop = asyncio.run(_look(lambda connection: _find(connection, selection, limit)))
    if as_json:
        told = {"reasons": [tell_group(g) for g in groups], "newest": [tell_letter(kept) for kept in newest]}
        typer.echo(orjson.dumps({**told, "intake_stopped": stop is not None}).decode())
        return
    for line in _describe(groups, newest):
        typer.echo(escaped(line))
    if not groups:
        typer.echo("there are no dead letters", err=True)
    if stop:
        typer.echo(f"events are no longer taken: {explain_stop(stop)}", err=True)


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="A dead letter's id.")],
    value: Annotated[bool, typer.Option("--value", help="Its value, too: whatever a stranger sent.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where one came from, why it is here, its headers, and on request its value; a terminal obeys none of it."""
    kept = asyncio.run(_look(lambda connection: _read(connection, number)))
    if as_json:
        typer.echo(orjson.dumps(tell_letter(kept, value=value)).decode())
        return
    for line in _describe_one(kept, value=value):
        typer.echo(escaped(line))


@app.command()
def retry(
    ids: Ids = None,
    reasons: Reasons = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
    dry_run: DryRun = False,
) -> None:
    """Try to understand them again, by today's rules; what can be planned is, and leaves. The rest stays, with why.

    May be stopped and repeated. Where not all of a message was kept it is read again from its topic.
    """
    selection = _select(ids, reasons, since, until, everything=everything)
    tally = Tally()
    asyncio.run(_retry(read(Settings), selection, tally, dry=dry_run))
    for line in describe_retry(tally, dry=dry_run):
        typer.echo(line, err=True)
    _tell_unknown(ids, tally.planned + tally.passed + tally.kept)
    if tally.kept and not dry_run:
        raise typer.Exit(1)


@app.command()
def drop(
    ids: Ids = None,
    reasons: Reasons = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
    dry_run: DryRun = False,
) -> None:
    """Forget them. An event that is read once more from its topic, as after a rewind, is buried once more."""
    selection = _select(ids, reasons, since, until, everything=everything)
    dropped = asyncio.run(_look(lambda connection: _drop(connection, selection, dry=dry_run)))
    typer.echo(f"{dropped} dead letters {'would be dropped' if dry_run else 'dropped'}", err=True)
    _tell_unknown(ids, dropped)


@app.command()
def resume() -> None:
    """Let events in again after too many dead letters stopped their intake, for all processes."""
    lifted = asyncio.run(_look(intake_stop.lift))
    typer.echo("events are taken again" if lifted else "the intake of events was not stopped", err=True)


def _select(
    ids: Sequence[int] | None,
    reasons: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    *,
    everything: bool,
) -> Selection:
    """The letters that are named. Raises Problem when none are."""
    selection = Selection(tuple(ids) if ids else None, tuple(reasons) if reasons else None, since, until)
    if (selection == Selection()) is not everything:
        raise Problem(
            "name dead letters by ids, --reason, --since or --until, or all of them by --all"
            if not everything
            else "--all goes with nothing else that names dead letters"
        )
    return selection


def _tell_unknown(ids: Sequence[int] | None, found: int) -> None:
    if ids and (unknown := len(set(ids)) - found) > 0:
        typer.echo(f"{unknown} of the ids are no dead letters, or not those that were meant", err=True)


async def _look(ask: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
    async with connected(read(Settings)) as connection:
        return await ask(connection)


async def _find(connection: Connection, selection: Selection, limit: int) -> Found:
    newest = await letter_box.list_newest(connection, selection, limit)
    return await letter_box.count(connection, selection), newest, await intake_stop.read(connection)


async def _read(connection: Connection, number: int) -> Kept:
    found = await letter_box.next_page(connection, Selection((number,)), 0, 1)
    if not found:
        raise Problem(f"there is no dead letter {number}: `bildwerk dead-letters list` shows those there are")
    return found[0]


async def _drop(connection: Connection, selection: Selection, *, dry: bool) -> int:
    if dry:
        return sum(group.number for group in await letter_box.count(connection, selection))
    return await letter_box.drop(connection, selection)


async def _retry(settings: Settings, selection: Selection, tally: Tally, *, dry: bool) -> None:
    planner = make_planner(settings)
    async with connected(settings):
        pass  # refused with a line, before a pool goes on trying
    async with open_pool(make_database(settings)) as pool:
        retry_all = LetterRetry(pool, planner, make_kafka(settings), make_rules(settings, planner), dry, tally)
        with blame_kafka(settings):
            await retry_all.run(selection)


def _describe(groups: Sequence[Group], newest: Sequence[Kept]) -> Iterator[str]:
    for group in groups:
        when = f"last at {show_moment(group.last_at)}"
        yield f"{group.number:>8}  {group.reason}: {say_letter(group.reason)}, {when}"
    if newest:
        yield "the newest:"
    for kept in newest:
        detail = f": {kept.letter.detail}" if kept.letter.detail else ""
        yield f"{kept.id:>8}  {show_moment(kept.buried_at)}  {name_place(kept)}  {kept.letter.reason}{detail}"


def _describe_one(kept: Kept, *, value: bool) -> Iterator[str]:
    letter, origin = kept.letter, kept.letter.origin
    yield f"dead letter {kept.id}, buried at {show_moment(kept.buried_at)}"
    yield f"  topic {origin.topic}, partition {origin.partition}, offset {origin.offset}"
    yield f"  sent at {show_milliseconds(origin.timestamp_ms)}"
    yield f"  {letter.reason}: {say_letter(letter.reason)}"
    if letter.detail:
        yield f"  detail {letter.detail}"
    yield f"  key {'-' if origin.key is None else origin.key.decode('utf-8', 'backslashreplace')}"
    for name, text in origin.headers:
        yield f"  header {name}: {text}"
    yield f"  value of {describe_completeness(kept)}, SHA-256 {origin.value_hash}"
    if value:
        yield "-" if origin.value is None else origin.value.decode("utf-8", "backslashreplace")
