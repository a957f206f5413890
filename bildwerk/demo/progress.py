"""Watching the ledger until everything is done."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from db.pool import Connection
from db.reads import Overview, read_overview

LOOK_SECONDS: Final = 0.2
TERMINAL: Final = ("done", "skipped", "failed")


async def wait_until_settled(connection: Connection, tell: Callable[[Overview], None]) -> Overview:
    """Look at the ledger until nothing is left to do; `tell` may raise to give up."""
    while True:
        overview = await read_overview(connection)
        tell(overview)
        if overview.settled:
            return overview
        await asyncio.sleep(LOOK_SECONDS)


@contextmanager
def shown(console: Console, job_types: tuple[str, ...]) -> Iterator[Callable[[Overview], None]]:
    """A bar for the pictures looked at and one per job type; off a terminal nothing is drawn."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        looking = progress.add_task("pictures", total=None)
        tasks = {name: progress.add_task(name, total=None) for name in job_types}

        def tell(overview: Overview) -> None:
            seen = overview.media - overview.queues.uninspected
            progress.update(looking, total=overview.media, completed=seen)
            for name, task in tasks.items():
                ended = sum(j.number for j in overview.jobs if j.job_type == name and j.status in TERMINAL)
                progress.update(task, total=overview.media, completed=ended)

        yield tell
