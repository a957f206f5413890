"""`bildwerk ingest PATH...`: files and folders into the library."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bildwerk.arguments import make_database, make_planner
from bildwerk.cli.connections import connected
from bildwerk.cli.problem import Problem
from bildwerk.cli.progress import make_progress
from bildwerk.environment import read
from bildwerk.ingest import Tally, find_files
from bildwerk.ingest import ingest as put_into_library
from bildwerk.settings import Settings
from db.pool import open_pool
from db.reads import read_installation
from handlers.inspect.places import refer_to

NAMED = 10


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders below the media root.")],
    priority: Annotated[
        int | None, typer.Option(min=-100, max=100, help="Their place in line: 100 is first, -100 after all others.")
    ] = None,
) -> None:
    """Add pictures to the library: new files become media, changed ones are looked at again, known ones stay."""
    tally = asyncio.run(ingest_paths(read(Settings), paths, priority=priority))
    typer.echo(describe(tally), err=True)
    if tally.unreadable:
        raise typer.Exit(1)


async def ingest_paths(settings: Settings, paths: Sequence[Path], *, priority: int | None = None) -> Tally:
    """Put everything below `paths` into the library, with a progress bar on a terminal. Raises Problem."""
    root = settings.media_root
    if not root.is_dir():
        raise Problem(
            f"the media root {root} is not a folder: set BILDWERK_MEDIA_ROOT to the folder that holds the pictures"
        )
    planner = make_planner(settings)
    found = await asyncio.to_thread(lambda: list(find_files(root, paths)))
    names = [refer_to(path, settings.media_roots) for path in found]
    async with connected(settings) as connection:
        if settings.platform is not None or not (await read_installation(connection)).owns_platform:
            raise Problem(
                "the media table belongs to a platform here, so its rows are the platform's to add: "
                "send media.created events instead"
            )
    with make_progress() as progress:
        task = progress.add_task("ingest", total=len(names))
        async with open_pool(make_database(settings)) as pool:
            return await put_into_library(
                pool, planner, root, names, lambda tally: progress.update(task, completed=tally.total),
                priority=priority,
            )  # fmt: skip


def describe(tally: Tally) -> str:
    """A line of counts, and one for each of the first files that could not be read."""
    counts = f"{tally.added} added, {tally.changed} changed, {tally.same} unchanged"
    return "\n".join([counts, *name_unreadable(tally)])


def name_unreadable(tally: Tally) -> list[str]:
    """A line for each file that could not be read; the last one counts those that are too many to name."""
    lines = [f"cannot be read: {printable(name)}" for name in tally.unreadable[:NAMED]]
    rest = len(tally.unreadable) - NAMED
    return [*lines, f"... and {rest} more"] if rest > 0 else lines


def printable(name: str) -> str:
    """A file's name as it may be printed, also when it is not text."""
    return name.encode("utf-8", "backslashreplace").decode()
