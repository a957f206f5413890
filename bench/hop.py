"""How long it takes from a job's commit to the next job's call, with a model that answers at once.

Within a lease: the same process goes on with the same picture. By events: another installation, with a ledger of its
own, is told of the commit by `stage.completed`, and asks then. The simulated server's own time is taken off a chain.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from bench.backlog import make_backlog
from bench.chains import start_instant_model
from bench.comparison import Comparison, Plan, Round, Table
from bench.elsewhere import run_elsewhere
from bench.hearing import Event, hear
from bench.percentiles import take_percentile
from bench.pictures import ONE_MEGAPIXEL, fill
from bench.services import create_database, make_kafka, make_settings, run_statement
from bildwerk.arguments import make_planner
from bildwerk.ingest import ingest
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.stack import start_stack
from bildwerk.service import Service
from bildwerk.wiring import wire
from db.migrate import migrate
from db.pool import Database, connect

CAPTION, TITLE, LAST = "ollama_caption", "ollama_title", "ollama_policy_flags"
SLOTS: Final = 4
LOOK_SECONDS: Final = 0.02
SECONDS: Final = 60.0
PICTURES: Final = 110
COMMITS: Final = 6 * PICTURES
WARM: Final = 5
"""Media at the beginning that do not count: connections and plans are made."""
COMMIT, LEASE, EVENTS = "a commit", "next call, same lease (goal 5)", "next call, by events (goal 15)"
CHAIN, UPLOAD = "a picture's chain in its lease (goal 150)", "a picture from its upload to its last commit"


@dataclass
class Heard:
    """What the service logged, and when (seconds of the wall clock, which the simulated server keeps, too)."""

    jobs: dict[tuple[int, str], float] = field(default_factory=dict)
    leases: dict[int, list[Event]] = field(default_factory=dict)

    def is_done(self, media_id: int) -> bool:
        """Whether the last job was done and the medium given back."""
        return media_id in self.leases and (media_id, LAST) in self.jobs

    def note_job(self, event: Event) -> None:
        """A job was committed just now."""
        self.jobs[event["media_id"], event["job_type"]] = time.time()

    def note_lease(self, event: Event) -> None:
        """A medium was given back."""
        self.leases.setdefault(event["media_id"], []).append(event)


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """One picture after another, within a lease and by events."""
    count = 2 if plan.quick else PICTURES
    names = fill(plan.folder / "media", count, ONE_MEGAPIXEL)
    async with start_stack(slots=None) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        await run_statement(template, "CREATE TABLE public.commits (number integer)")
        for number in plan.numbers:
            folder = plan.folder / str(number)
            folder.mkdir()
            within = await _take_chains(stack, template, folder, plan.folder / "media", names)
            by_events = await _take_events(stack, template, folder, count)
            yield {
                f"{where}p{share}": {name: take_percentile(one, share, quick=plan.quick) for name, one in taken.items()}
                for where, taken in (("", within), ("events_", by_events))
                for share in SHARES
            }


async def _take_chains(
    stack: Stack, template: str, folder: Path, media: Path, names: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each hop within a lease, of each chain, and of small commits before, between and after them."""
    heard, taken = Heard(), {COMMIT: list[float](), LEASE: list[float](), CHAIN: list[float](), UPLOAD: list[float]()}
    database = await create_database(stack.database_url, template)
    async with _serve(stack, database, folder / "chains", heard, media_root=media) as (service, control):
        for number, name in enumerate(names, 1):
            began = time.time()
            await ingest(service.pool, make_planner(service.settings), media, [name])
            service.inspector.wake.set()
            await _wait(partial(heard.is_done, number))
            if number <= min(WARM, len(names) - 1):
                continue
            calls = await _list_calls(control, number)
            spent = sum(call["end"] - call["arrived"] for call in calls)
            taken[LEASE] += _list_hops(calls, sorted(at for (m, _), at in heard.jobs.items() if m == number))
            taken[CHAIN].append(_add_up(heard.leases[number]) - spent)
            taken[UPLOAD].append(max(at for (m, _), at in heard.jobs.items() if m == number) - began - spent)
            taken[COMMIT] += await _time_commits(database, 1 + COMMITS // len(names))
    return taken


def _list_hops(calls: Sequence[dict[str, Any]], commits: Sequence[float]) -> list[float]:
    """Seconds from each commit that a call followed to that call: from the last one before it."""
    return [
        call["arrived"] - max(at for at in commits if at < call["arrived"])
        for call in calls
        if commits[0] < call["arrived"]
    ]


def _add_up(leases: Sequence[Event]) -> float:
    """Seconds of a medium's leases."""
    return float(sum(lease["calling_ms"] + lease["between_ms"] for lease in leases)) / 1000


async def _take_events(stack: Stack, template: str, folder: Path, count: int) -> dict[str, list[float]]:
    """Seconds from each caption's commit here to its title's call there, and of small commits between."""
    heard, taken, media = Heard(), {EVENTS: list[float](), COMMIT: list[float]()}, range(1, count + 1)
    here, there = await create_database(stack.database_url, template), await create_database(stack.database_url)
    await migrate(there)  # no copy: it would take the other's events for its own
    async with _serve(stack, here, folder / "events", heard, job_types=(CAPTION,)) as (service, control):
        other = folder / "elsewhere"
        other.mkdir()
        kafka, hosts = service.intake.kafka, f"{service.settings.ollama_host[0].url}={SLOTS}"
        async with run_elsewhere(there, kafka, hosts, other, media):
            connection = await connect(Database(here))
            try:
                for number in media:
                    await make_backlog(connection, service.settings, [number])
                    service.dispatcher.wake.set()
                    (call,) = await _wait_for_call(control, number)
                    if number > min(WARM, count - 1):
                        taken[EVENTS].append(call["arrived"] - heard.jobs[number, CAPTION])
                        taken[COMMIT] += await _time_commits(here, 1 + COMMITS // count)
            finally:
                await connection.close()
    return taken


@asynccontextmanager
async def _serve(
    stack: Stack, database: str, folder: Path, heard: Heard, **more: Any
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """A service at work on a server that answers at once; and a client of that server's control port."""
    folder.mkdir()
    stop = asyncio.Event()
    async with AsyncExitStack() as exits:
        server = await exits.enter_async_context(start_instant_model(folder, SLOTS))
        kafka = await make_kafka(stack.kafka_bootstrap_servers)
        settings = make_settings(database, kafka, f"{server.url}={SLOTS}", folder, **more)
        exits.enter_context(hear("job.ended", heard.note_job))
        exits.enter_context(hear("medium.ended", heard.note_lease))
        client = httpx.AsyncClient(base_url=server.control_url, trust_env=False)
        control = await exits.enter_async_context(client)
        service = await exits.enter_async_context(wire(settings))
        await service.fleet.look()
        async with asyncio.TaskGroup() as group:
            group.create_task(service.run(stop))
            try:
                yield service, control
            finally:
                stop.set()


async def _wait(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():
            await asyncio.sleep(LOOK_SECONDS)


async def _wait_for_call(control: httpx.AsyncClient, media_id: int) -> list[dict[str, Any]]:
    """The title's call of a medium, when it is over."""
    async with asyncio.timeout(SECONDS):
        while True:
            calls = [call for call in await _list_calls(control, media_id) if call["job"] == TITLE]
            if calls and calls[0]["end"] is not None:
                return calls
            await asyncio.sleep(LOOK_SECONDS)


async def _list_calls(control: httpx.AsyncClient, media_id: int) -> list[dict[str, Any]]:
    answer = await control.get("/control/calls", params={"media": str(media_id)})
    calls: list[dict[str, Any]] = answer.raise_for_status().json()["calls"]
    return calls


async def _time_commits(database: str, count: int) -> list[float]:
    """Seconds of each small commit, that reaches the disk, on a connection of its own."""
    connection, taken = await connect(Database(database)), []
    try:
        for number in range(count):
            began = time.perf_counter()
            await connection.execute("INSERT INTO public.commits VALUES ($1)", number)
            taken.append(time.perf_counter() - began)
    finally:
        await connection.close()
    return taken[1:]


SHARES: Final = {50: "the median", 99: "99 of 100 take at most"}
COMPARISON = Comparison(
    "hop",
    "time from a job's commit to the next job's call, and of a whole chain, with a model that answers at once",
    {
        f"{where}p{share}": Table(f"from commit to call{how}, {title}", "ms", COMMIT)
        for where, how in (("", ""), ("events_", " by events"))
        for share, title in SHARES.items()
    },
    measure,
    simulated=True,
)
