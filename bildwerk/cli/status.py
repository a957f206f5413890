"""`bildwerk status`: how far the work is."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import orjson
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bildwerk.cli.connections import connected
from bildwerk.environment import read
from bildwerk.intake_words import explain_stop
from bildwerk.reasons import say
from bildwerk.settings import Settings
from contracts.verdicts import Status
from db.reads import JobCount, Overview, read_overview
from handlers.inference.hosts import list_slots

WATCH_SECONDS = 2.0
COLOURS = {"waiting": "dim", "due": "cyan", "done": "green", "skipped": "yellow", "failed": "red"}
SHOWN_REASONS = 8


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show the work by state and job type, its rate and cost, and when it will be done."""
    settings = read(Settings)
    if watch:
        asyncio.run(_watch(settings))
        return
    overview = asyncio.run(_look(settings))
    if as_json:
        typer.echo(orjson.dumps({**asdict(overview), "open": overview.open, "settled": overview.settled}))
    else:
        Console().print(render(overview))


async def _look(settings: Settings) -> Overview:
    async with connected(settings) as connection:
        return await read_overview(connection, list_slots(settings.ollama_host))


async def _watch(settings: Settings) -> None:
    with Live(console=Console(), auto_refresh=False) as live:
        async with connected(settings) as connection:
            while True:
                live.update(render(await read_overview(connection, list_slots(settings.ollama_host))), refresh=True)
                await asyncio.sleep(WATCH_SECONDS)


def render(overview: Overview) -> RenderableType:
    """The overview as a table and a few lines."""
    return Group(_jobs(overview.jobs), *_reasons(overview.jobs), *(Text(line) for line in summarise(overview)))


def summarise(overview: Overview) -> list[str]:
    """What the table does not hold, in sentences."""
    queues = overview.queues
    lines = [
        f"{overview.media} media, {queues.uninspected} of them to be looked at, {queues.leased} being worked on",
        f"{overview.calls} model calls, {overview.prompt_tokens} tokens read and {overview.answer_tokens} written",
        f"{queues.slots_taken} of {queues.slots} slots taken",
    ]
    if overview.per_minute:
        rate = f"{overview.per_minute:.1f} calls a minute"
        lines.append(f"{rate}; done in about {_say_duration(overview.left)}" if overview.open else rate)
    if queues.outbox:
        lines.append(f"{queues.outbox} events to be sent, the oldest for {queues.outbox_seconds:.0f} s")
    if queues.missing:
        lines.append(f"{queues.missing} media named by events that are not there yet")
    if queues.dead_letters:
        lines.append(f"{queues.dead_letters} events could not be understood (`bildwerk dead-letters list`)")
    if overview.intake_stop:
        lines.append(f"events are no longer taken: {explain_stop(overview.intake_stop)}")
    if overview.plan_errors:
        lines.append(f"{overview.plan_errors} media cannot be planned (`bildwerk explain` says why)")
    return lines


def _jobs(jobs: Iterable[JobCount]) -> Table:
    counts: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        counts[job.job_type, job.status] += job.number
    table = Table(title=None)
    table.add_column("job type")
    for state in Status:
        table.add_column(Text(state.value, COLOURS[state.value]), justify="right")
    for job_type in sorted({name for name, _ in counts}):
        table.add_row(job_type, *(str(counts[job_type, state.value] or "-") for state in Status))
    return table


def _reasons(jobs: Iterable[JobCount]) -> list[Text]:
    """What failed and what was skipped, most frequent first; what is already there is no news."""
    told = [job for job in jobs if job.status in ("failed", "skipped") and job.reason != "present"]
    told.sort(key=lambda job: (-job.number, job.job_type))
    return [
        Text(f"{job.number} {job.job_type} {job.status}: {say(job.reason)}", COLOURS[job.status])
        for job in told[:SHOWN_REASONS]
    ]


def _say_duration(left: timedelta | None) -> str:
    if left is None:
        return "an unknown time"
    minutes = left.total_seconds() / 60
    if minutes < 2:
        return f"{max(left.total_seconds(), 1):.0f} s"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
