"""`bildwerk export`: what is known of media, as lines, as a table, or as sidecars beside the pictures."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from bildwerk.arguments import make_chain, make_database, make_sidecars
from bildwerk.cli.connections import connected
from bildwerk.cli.naming import printable
from bildwerk.cli.problem import Problem
from bildwerk.cli.score import LAST_ID
from bildwerk.environment import read
from bildwerk.export.lines import write_line
from bildwerk.export.output import STDOUT, open_output
from bildwerk.export.pages import read_pages
from bildwerk.export.record import Record
from bildwerk.export.sidecars import PROBLEMS, Naming, Outcome, ReadOnly, Sidecars
from bildwerk.export.tables import write_head, write_row
from bildwerk.export.xmp import list_properties
from bildwerk.settings import Settings
from db.export import Wanted
from db.pool import open_pool
from handlers.failures import Unavailable

NAMED = 10
Write = Callable[[Sequence[Record]], None]


@dataclass
class Tally:
    """How many media met which end, and the paths of the first of those that a person wants to know of."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    paths: dict[Outcome, list[str]] = field(default_factory=dict)

    def add(self, outcome: Outcome, path: str) -> None:
        """Count one."""
        self.counts[outcome] += 1
        if outcome in PROBLEMS and len(self.paths.setdefault(outcome, [])) < NAMED:
            self.paths[outcome].append(path)


Ids = Annotated[list[int] | None, typer.Argument(metavar="IDS", min=1, max=LAST_ID, help="Ids of media.")]
Glob = Annotated[str | None, typer.Option("--path", help="Only paths like this: * any text, ? one letter.")]
Since = Annotated[
    datetime | None, typer.Option("--changed-since", help="Only what changed since then: 2026-03-01T18:00:00.")
]
Form = Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="`jsonl`, everything, or `csv`, a table.")]
Into = Annotated[Path | None, typer.Option("--into", help="XMP sidecars in a tree of folders below this one.")]
Name = Annotated[Naming, typer.Option("--naming", help="`full`: a.jpg.xmp, or `stem`: a.xmp.")]


def export(  # noqa: PLR0913, PLR0917 - options of a command
    ids: Ids = None,
    whole: Annotated[bool, typer.Option("--all", help="The whole library.")] = False,
    path: Glob = None,
    since: Since = None,
    form: Form = "jsonl",
    output: Annotated[str, typer.Option("--output", help="A file, or `-`: the standard output.")] = STDOUT,
    separator: Annotated[str, typer.Option("--separator", help="What stands between the cells of a table.")] = ",",
    sidecars: Annotated[bool, typer.Option("--sidecars", help="XMP sidecars beside the pictures instead.")] = False,
    into: Into = None,
    naming: Name = "full",
    rating: Annotated[bool, typer.Option("--rating", help="Stars in sidecars, from the aesthetic score.")] = False,
) -> None:
    """Write out captions, titles, tags, quality, scores, flags and prompts, with who holds each; changes nothing."""
    wanted = Wanted(tuple(ids) if ids else None, path, since.astimezone() if since else None)
    if wanted == Wanted() and not whole:
        raise Problem("nothing is named: give ids, --path, --changed-since, or --all for the whole library")
    if len(separator) != 1 or separator in '"\r\n':
        raise Problem("the separator is one character, and neither a quote nor the end of a line")
    settings = read(Settings)
    if sidecars or into is not None:
        if into is not None:
            into.mkdir(exist_ok=True)
        _export_sidecars(settings, wanted, make_sidecars(settings, into, naming), rating=rating)
    elif form == "csv":
        _export_file(settings, wanted, output, lambda record: write_row(record, separator), write_head(separator))
    else:
        _export_file(settings, wanted, output, write_line)


def _export_file(
    settings: Settings, wanted: Wanted, output: str, form: Callable[[Record], bytes], head: bytes = b""
) -> None:
    with open_output(output) as file:
        file.write(head)
        media = asyncio.run(_export(settings, wanted, lambda page: file.writelines(map(form, page))))
    typer.echo(f"{media} media exported", err=True)
    _tell_unknown(wanted, media)


def _export_sidecars(settings: Settings, wanted: Wanted, sidecars: Sidecars, *, rating: bool) -> None:
    tally = Tally()

    def write(page: Sequence[Record]) -> None:
        for record in page:
            tally.add(sidecars.put(record.path, list_properties(record, rating=rating)), record.path)

    try:
        media = asyncio.run(_export(settings, wanted, write))
    except ReadOnly as error:
        raise Problem(
            f"{error} is mounted read-only, so no sidecar can be written there: name another folder with --into"
        ) from error
    except Unavailable as error:
        raise Problem(f"a media root is away ({error.detail}): once it is back, run this again") from error
    for line in describe(media, tally):
        typer.echo(line, err=True)
    _tell_unknown(wanted, media)
    if tally.counts[Outcome.DENIED]:
        raise typer.Exit(1)


def _tell_unknown(wanted: Wanted, media: int) -> None:
    if wanted.ids and wanted == Wanted(wanted.ids) and (unknown := len(set(wanted.ids)) - media):
        typer.echo(f"{unknown} of the ids are no media that we know", err=True)


async def _export(settings: Settings, wanted: Wanted, write: Write) -> int:
    """Read pages and have each written, outside the event loop; how many media there were."""
    async with connected(settings):
        pass  # refused with a line, before a pool goes on trying
    console, media = Console(stderr=True), 0
    columns = (SpinnerColumn(), TextColumn("{task.fields[media]} media"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("export", media=0)
        async with open_pool(make_database(settings)) as pool:
            async for page in read_pages(pool, make_chain(settings).keys, wanted):
                await asyncio.to_thread(write, page)
                media += len(page)
                progress.update(task, media=media)
    return media


def describe(media: int, tally: Tally) -> list[str]:
    """A line of counts, one for each kind that was passed over, and the first paths of each."""
    done = (Outcome.WRITTEN, Outcome.RENEWED, Outcome.SAME)
    lines = [f"{media} media: {', '.join(f'{tally.counts[outcome]} {outcome.value}' for outcome in done)}"]
    for outcome in (*PROBLEMS, Outcome.EMPTY):
        if number := tally.counts[outcome]:
            lines.append(f"{number} {outcome.value}")
            paths = tally.paths.get(outcome, [])
            lines += [f"  {printable(path)}" for path in paths]
            lines += [f"  ... and {number - len(paths)} more"] if paths and number > len(paths) else []
    return lines
