"""`bildwerk tags`: which tags look like one, making them one, taking that back, and other names for a tag."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bildwerk import tag_merging
from bildwerk.arguments import make_database, make_tag_rules, make_writer
from bildwerk.cli.connections import connected
from bildwerk.cli.problem import Problem
from bildwerk.environment import read
from bildwerk.settings import Settings
from bildwerk.tag_merging import Merged, Tell
from bildwerk.tag_names import Refused, TagNames
from db import tag_merges
from db.pool import Connection, Pool, open_pool
from db.reads import read_installation
from db.tag_merges import Merge, Returned
from handlers.languages import language_code
from handlers.tags.suggestions import Suggestion, TagCount, suggest

app = typer.Typer(help="Make tags one, take it back, and give tags other names.", no_args_is_help=True)

LAST_ID = 2**63 - 1
OFF = (
    "tags are not written here: BILDWERK_WRITES does not name tags. "
    "`bildwerk tags alias A B` makes A another name of B for tags to come, and moves nothing"
)
Result = TypeVar("Result")


@app.command("suggest")
def suggest_merges(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show so many at most.")] = 50,
) -> None:
    """Show which tags look like one, with the command that makes them one; nothing is changed."""
    names = asyncio.run(_look(lambda connection: tag_merging.read_names(connection, count=True)))
    found = list_suggestions(names, read(Settings))
    if not found:
        typer.echo("no tags look like one", err=True)
        return
    shown = [(_type("merge", one.name, one.into), one) for one in found[:limit]]
    width = max(len(command) for command, _ in shown)
    for command, one in shown:
        typer.echo(f"{command:<{width}}  # {one.strength}: {one.reason} ({one.media} media into {one.into_media})")
    if len(found) > limit:
        typer.echo(f"{len(found) - limit} more: --limit {len(found)}", err=True)


@app.command()
def merge(
    name: Annotated[str, typer.Argument(metavar="A", help="The tag that goes.")],
    into: Annotated[str, typer.Argument(metavar="B", help="The tag that it becomes; it may be new.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Make the tag A another name of B, and move its links there. May be stopped and repeated, and undone."""
    if dry_run:
        typer.echo(asyncio.run(_look(lambda connection: _foresee(connection, name, into))), err=True)
        return
    with _going_on(_type("merge", name, into)):
        merged = asyncio.run(_write(lambda pool: _merge(pool, name, into)))
    typer.echo(describe_merge(merged), err=True)


@app.command("merges")
def list_merges() -> None:
    """Show which tags were made one, and when; the last at the end."""
    _print([describe(known) for known in asyncio.run(_look(tag_merges.list_merges))], "no tags were made one yet")


@app.command()
def undo(
    merge_id: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=LAST_ID, help="The merge, as `bildwerk tags merges` numbers it.")
    ],
) -> None:
    """Take a merge back: what people changed since stays. May be stopped and repeated."""
    with _going_on(_type("undo", str(merge_id))):
        undone, counts = asyncio.run(_write(lambda pool: _undo(pool, merge_id)))
    typer.echo(describe_undo(undone, counts), err=True)


@app.command()
def alias(
    name: Annotated[str | None, typer.Argument(metavar="A", help="The other name.")] = None,
    of: Annotated[str | None, typer.Argument(metavar="B", help="The tag.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the other name away.")] = False,
) -> None:
    """Make A another name of the tag B for tags to come, without moving links; without arguments: show all of them."""
    if (name is None and remove) or (of is not None and remove):
        raise Problem("name one alias to remove: `bildwerk tags alias A --remove`")
    if name is not None and of is None and not remove:
        raise Problem(f"of which tag is it another name? `{_type('alias', name, 'TAG')}`")
    if name is None:
        _print(asyncio.run(_look(_list_aliases)), "no tag has another name")
    elif of is None:
        gone = asyncio.run(_write(lambda pool: tag_merging.remove_alias(pool, name), needs_tags=False))
        typer.echo(f"{gone.alias} is no other name of {gone.name} any more", err=True)
    else:
        added = asyncio.run(_write(lambda pool: tag_merging.add_alias(pool, name, of), needs_tags=False))
        typer.echo(f"{added.alias} is another name of {added.name} now", err=True)


def list_suggestions(names: TagNames, settings: Settings) -> list[Suggestion]:
    """What could become one: of tags that are not another's name already, and belong to no program."""
    merged, rules = names.active, make_tag_rules(settings)
    free = [tag for tag in names.tags if tag.id not in merged and not rules.is_reserved(tag.name)]
    return suggest([TagCount(tag.name, tag.media) for tag in free], language_code(settings.language))


def describe(known: Merge) -> str:
    """A line on one merge."""
    what = f"{known.id:>5}  {known.merged_at:%Y-%m-%d %H:%M}  {known.name} -> {known.into_name}"
    if known.undone_at is None:
        return f"{what}: {_count(known.taken)}"
    left = f", {_count(known.taken)} left: undo it once more" if known.taken else ""
    return f"{what}: undone {known.undone_at:%Y-%m-%d %H:%M}{left}"


def describe_merge(merged: Merged) -> str:
    """A line of counts."""
    known, links = merged.merge, merged.links
    parts = [f"{_count(links.moved)} moved"]
    if links.dropped:
        parts.append(f"{links.dropped} dropped beside it")
    if merged.locked:
        parts.append(f"{merged.locked} locked and left")
    return f"{known.name} is another name of {known.into_name} now: {', '.join(parts)} (merge {known.id})"


def describe_undo(undone: Merge, counts: Returned) -> str:
    """A line of counts."""
    parts = [f"{_count(counts.moved)} moved back", f"{counts.added} there again"]
    if counts.kept:
        parts.append(f"{counts.kept} changed since and left")
    return f"{undone.name} is a tag of its own again: {', '.join(parts)}"


def _print(lines: list[str], none: str) -> None:
    """Print what there is; that there is none goes to standard error."""
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo(none, err=True)


def _count(links: int) -> str:
    return f"{links} link{'s' * (links != 1)}"


def _type(command: str, *names: str) -> str:
    """A command as a person would type it."""
    words = [command, *(["--"] if any(name.startswith("-") for name in names) else []), *map(quote, names)]
    return f"bildwerk tags {' '.join(words)}"


async def _foresee(connection: Connection, name: str, into: str) -> str:
    with _refusing():
        plan = (await tag_merging.read_names(connection)).plan_merge(name, into)
    ids, locked = await tag_merges.list_carriers(connection, plan.tag.id)
    stay = f", {_count(locked)} locked and left" if locked else ""
    return f"{plan.tag.name} would be another name of {plan.into}: {_count(len(ids))} moved or dropped{stay}"


async def _merge(pool: Pool, name: str, into: str) -> Merged:
    begun = await tag_merging.begin_merge(pool, name, into)
    with _progress("merge") as tell:
        return await tag_merging.move_links(pool, begun, tell)


async def _undo(pool: Pool, merge_id: int) -> tuple[Merge, Returned]:
    with _progress("undo") as tell:
        return await tag_merging.undo(pool, merge_id, tell)


async def _list_aliases(connection: Connection) -> list[str]:
    names = await tag_merging.read_names(connection)
    said = [f"{known.alias} -> {known.name}" for known in names.aliases]
    return said + [f"{known.name} -> {known.into_name} (merge {known.id})" for known in names.active.values()]


async def _look(ask: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
    async with connected(read(Settings)) as connection:
        return await ask(connection)


async def _write(act: Callable[[Pool], Coroutine[Any, Any, Result]], *, needs_tags: bool = True) -> Result:
    settings = read(Settings)
    async with connected(settings) as connection:  # refused with a line, before a pool goes on trying
        owns = (await read_installation(connection)).owns_platform
    if needs_tags and "tags" not in make_writer(settings, owns_platform=owns).writes:
        raise Problem(OFF)
    with _refusing():
        async with open_pool(make_database(settings)) as pool:
            return await act(pool)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise Problem(str(refused)) from refused


@contextmanager
def _going_on(command: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"stopped; `{command}` goes on", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _progress(what: str) -> Iterator[Tell]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
