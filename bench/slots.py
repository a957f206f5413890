"""How well the slots of an Ollama server are used: the jobs of a picture together, or far apart.

Together is how the service works: one medium, one lease, its jobs in turn. Apart, the titles are first somebody else's
(a foreign job type) and become ours when all captions are done. The server is simulated: its reading, its reuse and its
slots behave like those that were measured, its pictures are quicker to read.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
from pydantic import SecretStr

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.pictures import SMALL, fill
from bench.services import create_database, make_kafka
from bildwerk.arguments import make_database, make_planner
from bildwerk.ingest import ingest
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from bildwerk.sandbox.simulated_ollama.models import SIMULATED
from bildwerk.sandbox.stack import start_stack
from bildwerk.service import Service
from bildwerk.settings import Settings
from bildwerk.wiring import wire
from db.migrate import migrate
from db.pool import open_pool
from handlers.inference.hosts import parse_hosts
from handlers.runner.planning import PlanRequest

SLOTS = 4
CAPTION, TITLE = "ollama_caption", "ollama_title"
TOGETHER, APART = "together", "far apart"
Phase: TypeAlias = tuple[tuple[str, ...], int]
"""The job types that run, and how many jobs of a picture are to be done."""
PHASES: dict[str, Sequence[Phase]] = {
    TOGETHER: [((CAPTION, TITLE), 2)],
    APART: [((CAPTION,), 1), ((CAPTION, TITLE), 1)],
}
OPTIONS = ("--load-seconds", "0")
LOOK_SECONDS = 0.25
SECONDS = 200.0


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds: by the clock from the first call's start to the last one's end, and those that calls held slots."""

    wall: float
    busy: float

    @property
    def floor(self) -> float:
        """The least time by the clock in which these very calls could have been made."""
        return self.busy / SLOTS


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Do the same pictures in both orders, each on a new database and a new server."""
    names = fill(plan.folder / "media", 12 if plan.quick else 200, SMALL)
    async with start_stack(slots=None) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        for number in plan.numbers:
            used = {}
            for order in take_turns([TOGETHER, APART], number):
                folder = plan.folder / f"{number}-{order.replace(' ', '-')}"
                folder.mkdir()
                database = await create_database(stack.database_url, template)
                used[order] = await use(stack, database, plan.folder / "media", folder, names, PHASES[order])
            yield {**compare_uses(used), "busy": {order: u.busy for order, u in used.items()}}


def compare_uses(used: Mapping[str, Used]) -> Round:
    """By way: the time by the clock, by its floor, and the share of slot time that was idle, in percent."""
    return {
        "wall": {way: u.wall for way, u in used.items()},
        "over_floor": {way: u.wall / u.floor for way, u in used.items()},
        "idle": {way: 100 * (1 - u.floor / u.wall) for way, u in used.items()},
    }


async def leave(service: Service) -> None:
    """Change nothing about a service before it runs."""


async def use(
    stack: Stack,
    database: str,
    root: Path,
    folder: Path,
    names: Sequence[str],
    phases: Sequence[Phase],
    prepare: Callable[[Service], Awaitable[None]] = leave,
) -> Used:
    """Run the service once for each phase, each time after `prepare`, on a server that goes on between them."""
    kafka = await make_kafka(stack.kafka_bootstrap_servers)
    server = await start_simulated_ollama(folder, SLOTS, OPTIONS)
    where = {
        "database_url": SecretStr(database),
        "kafka_bootstrap_servers": kafka.servers,
        "kafka_group": kafka.group,
        "kafka_session_timeout_seconds": kafka.session_timeout,
        **{f"topic_{topic.name.lower()}": name for topic, name in kafka.topics.items()},
        "ollama_host": parse_hosts(f"{server.url}={SLOTS}"),
        "media_root": root,
        "cache_folder": folder / "cache",
    }
    used = []
    try:
        for job_types, jobs in phases:
            settings = _settings(where, job_types)
            await _plan(settings, names)
            used.append(await _serve(settings, server, len(names) * jobs, prepare))
    finally:
        await server.process.stop()
    return Used(sum(phase.wall for phase in used), sum(phase.busy for phase in used))


def _settings(where: Mapping[str, Any], job_types: tuple[str, ...]) -> Settings:
    return Settings(
        **where,
        job_types=job_types,
        kafka_idempotence=False,
        model=SIMULATED,
        web_port=0,
    )


async def _plan(settings: Settings, names: Sequence[str]) -> None:
    """Bring the pictures in, and plan those that are there already by these settings."""
    async with open_pool(make_database(settings)) as pool:
        planner = make_planner(settings)
        await ingest(pool, planner, settings.media_root, names)
        async with pool.acquire() as connection, connection.transaction():
            await planner.plan_media(connection, [PlanRequest(number) for number in range(1, len(names) + 1)])


async def _serve(
    settings: Settings, server: Simulated, calls: int, prepare: Callable[[Service], Awaitable[None]]
) -> Used:
    """Run the service until the server has answered so many calls."""
    stop = asyncio.Event()
    async with httpx.AsyncClient(base_url=server.control_url, trust_env=False) as control, wire(settings) as service:
        await service.fleet.look()
        await prepare(service)
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            group.create_task(service.run(stop))
            while len(made := await _list_calls(control)) < calls:
                await asyncio.sleep(LOOK_SECONDS)
            stop.set()
        await control.delete("/control/calls")
    assert len(made) == calls, "nothing is asked twice"
    busy = sum(call["end"] - call["start"] for call in made)
    return Used(max(call["end"] for call in made) - min(call["start"] for call in made), busy)


async def _list_calls(control: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The model calls that are over, without those of the probe."""
    listed = (await control.get("/control/calls")).raise_for_status().json()["calls"]
    return [call for call in listed if call["end"] is not None and not call["probe"]]


COMPARISON = Comparison(
    "slots",
    "how well a server's slots are used, with the jobs of a picture together and far apart",
    {
        "wall": Table("time by the clock", "s", TOGETHER),
        "over_floor": Table(f"time by the clock over its floor, which is slot time / {SLOTS}", "times"),
        "idle": Table("share of slot time idle between the first call and the last", "%"),
        "busy": Table("slot time of all calls", "s", TOGETHER),
    },
    measure,
    simulated=True,
)
