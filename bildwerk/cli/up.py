"""`bildwerk up FOLDER`: a library at home, in one command."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.live import Live

from bildwerk import wiring
from bildwerk.arguments import make_database
from bildwerk.cli.ingest import describe, ingest_paths
from bildwerk.cli.migrate import make_topics, migrate_database
from bildwerk.cli.problem import Problem
from bildwerk.cli.serve import require_services
from bildwerk.cli.status import WATCH_SECONDS, render
from bildwerk.demo.run import make_sheet
from bildwerk.demo.surroundings import adopt
from bildwerk.environment import read
from bildwerk.sandbox.stack import start_stack
from bildwerk.settings import Settings
from bildwerk.telemetry import logs
from bildwerk.telemetry.metrics import Metrics
from db.failures import is_repeatable
from db.pool import Pool, open_pool
from db.reads import read_overview
from handlers.inference.hosts import list_slots

log = structlog.get_logger("bildwerk.cli.up")

DATA = ".bildwerk"
LOG = "bildwerk.log"
SIMULATED = "bildwerk-simulated"

Folder = Annotated[Path, typer.Argument(help="The folder with the pictures; those in folders below it count too.")]
Data = Annotated[Path | None, typer.Option(help=f"Where the database is kept (default: {DATA} in the folder).")]
Simulated = Annotated[
    bool, typer.Option("--simulated", help="Try it without a vision model: the words are made from colours and shapes.")
]


def up(folder: Folder, data: Data = None, simulated: Simulated = False) -> None:
    """Describe all pictures of a folder until Ctrl-C, with an embedded PostgreSQL and broker and your Ollama."""
    if not folder.is_dir():
        raise Problem(f"{folder} is not a folder")
    asyncio.run(_keep_up(folder.resolve(), (data or folder / DATA).resolve(), simulated=simulated))


async def _keep_up(folder: Path, data: Path, *, simulated: bool) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / LOG).touch()
    except OSError as error:
        raise Problem(f"{data} cannot hold the database ({error.strerror}): name another folder with --data") from None
    typer.echo("starting PostgreSQL and a Kafka broker ...", err=True)
    async with start_stack(data, slots=4 if simulated else None) as stack:
        adopt({"BILDWERK_WEB_PORT": os.environ.get("BILDWERK_WEB_PORT", "0")})
        adopt({**stack.environment(), "BILDWERK_MEDIA_ROOT": str(folder)})
        settings = read(Settings)
        await migrate_database(settings)
        await make_topics(settings)
        await _require_services(settings)
        typer.echo(describe(await ingest_paths(settings, [folder])), err=True)
        await _work(settings, data)


async def _require_services(settings: Settings) -> None:
    try:
        await require_services(settings)
    except Problem as problem:
        hint = "no Ollama at hand? `bildwerk up --simulated` shows how it works without one"
        raise Problem(*problem.args, hint) from None


async def _work(settings: Settings, data: Path) -> None:
    metrics, log = Metrics(), data / LOG
    with log.open("a", encoding="utf-8") as stream:
        logs.configure(settings.log_level, settings.log_format, metrics.watch, stream)
        typer.echo(f"working until Ctrl-C; the log is {log}", err=True)
        typer.echo(f'other commands, in another shell: eval "$(bildwerk sandbox status --folder {data})"', err=True)
        async with open_pool(make_database(settings)) as pool, asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(pool, settings, data / "contact-sheet"))
            await wiring.serve(settings, metrics)
            watching.cancel()


async def _watch(pool: Pool, settings: Settings, sheet: Path) -> None:
    """Show how far it is, and make the contact sheet anew whenever everything is done.

    Where PostgreSQL is away for a moment it is shown later, and a sheet that cannot be written is told: neither ends
    the work.
    """
    made = False
    with Live(console=Console(), auto_refresh=False) as live:
        while True:
            try:
                async with pool.acquire() as connection:
                    overview = await read_overview(connection, list_slots(settings.ollama_host))
                live.update(render(overview), refresh=True)
                if overview.settled and not made:
                    live.console.print(await _make_sheet(pool, settings, sheet), soft_wrap=True)
                made = overview.settled
            except Exception as error:
                if not is_repeatable(error):
                    raise
                with suppress(OSError):  # of a disk that is full, where the log is
                    log.warning("up.not_shown", error=type(error).__name__)
            await asyncio.sleep(WATCH_SECONDS)


async def _make_sheet(pool: Pool, settings: Settings, sheet: Path) -> str:
    """Make the contact sheet; a line on what came of it."""
    try:
        await make_sheet(pool, settings, sheet, simulated=settings.model == SIMULATED)
    except OSError as error:
        return f"contact sheet: not made ({error.strerror or type(error).__name__})"
    return f"contact sheet: {sheet / 'index.html'}"
