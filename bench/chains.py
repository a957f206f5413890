"""Pictures whose whole chain is done, or waits to be done: brought in and taken on by the service itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.pictures import SMALL, fill
from bench.services import create_database, make_kafka
from bildwerk.arguments import make_database, make_planner
from bildwerk.ingest import ingest
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from bildwerk.sandbox.simulated_ollama.models import SIMULATED
from bildwerk.service import Service
from bildwerk.settings import Settings
from bildwerk.wiring import wire
from db.migrate import migrate
from db.pool import Pool, open_pool

INSTANT = ("--picture-seconds", "0", "--token-seconds", "0", "--load-seconds", "0")
SECONDS = 240.0
LOOK_SECONDS = 0.25
OPEN = """
SELECT
    (SELECT count(*) FROM bildwerk.media WHERE inspect_at IS NOT NULL OR seek_at IS NOT NULL OR owner IS NOT NULL)
    + (SELECT count(*) FROM bildwerk.jobs WHERE status IN ('waiting', 'due'))
    + (SELECT count(*) FROM bildwerk.neighbours) + (SELECT count(*) FROM bildwerk.outbox)
    + (SELECT abs($1 - count(*)) FROM bildwerk.jobs)
"""
"""How much is still to do, of so many jobs."""


@asynccontextmanager
async def start_instant_model(folder: Path, slots: int) -> AsyncIterator[Simulated]:
    """A simulated Ollama that takes no time to think."""
    server = await start_simulated_ollama(folder, slots, INSTANT)
    try:
        yield server
    finally:
        await server.process.stop()


async def choose_settings(stack: Stack, folder: Path, database: str, model: Simulated, slots: int) -> dict[str, str]:
    """Settings by name: new topics and a new group, pictures in `folder`/media, every job type, a call for each."""
    kafka = await make_kafka(stack.kafka_bootstrap_servers)
    return {
        "database_url": database,
        "kafka_bootstrap_servers": stack.kafka_bootstrap_servers,
        "kafka_group": kafka.group,
        "kafka_session_timeout_seconds": str(kafka.session_timeout),
        "kafka_idempotence": "false",
        **{f"topic_{topic.name.lower()}": name for topic, name in kafka.topics.items()},
        "ollama_host": f"{model.url}={slots}",
        "model": SIMULATED,
        "fused": "never",
        "layout": "split",
        "media_root": str(folder / "media"),
        "cache_folder": str(folder / "cache"),
        "poll_seconds": str(LOOK_SECONDS),
        "web_port": "0",
    }


def make_settings(chosen: Mapping[str, Any]) -> Settings:
    """The same as this process reads them."""
    return Settings(**chosen)


async def make_waiting(stack: Stack, folder: Path, pictures: int, slots: int = 4) -> tuple[str, Settings]:
    """A new database of so many new pictures, inspected and compared, whose jobs are due; and settings that fit it."""
    return await _make(stack, folder, pictures, slots, done=False)


async def make_done(stack: Stack, folder: Path, pictures: int, slots: int = 4) -> tuple[str, Settings]:
    """The same, all jobs done."""
    return await _make(stack, folder, pictures, slots, done=True)


async def _make(stack: Stack, folder: Path, pictures: int, slots: int, *, done: bool) -> tuple[str, Settings]:
    names = fill(folder / "media", pictures, SMALL)
    database = await create_database(stack.database_url)
    await migrate(database)
    async with start_instant_model(folder, slots) as model:
        settings = make_settings(await choose_settings(stack, folder, database, model, slots))
        planner = make_planner(settings)
        async with open_pool(make_database(settings)) as pool, wire(settings) as service:
            await ingest(pool, planner, settings.media_root, names)
            while await service.inspector.inspect_batch():
                pass
            while await service.seeker.seek_batch() or await service.seeker.plan_called():
                pass
            if done:
                await _do(service, pool, pictures * len(planner.chain.stages))
    return database, settings


async def _do(service: Service, pool: Pool, jobs: int) -> None:
    stop = asyncio.Event()
    await service.fleet.look()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(service.run(stop))
        await wait_until_done(pool, jobs)
        stop.set()


async def wait_until_done(pool: Pool, jobs: int) -> None:
    """Wait until so many jobs are terminal, and nothing else is left to do."""
    async with pool.acquire() as connection:
        while await connection.fetchval(OPEN, jobs):
            await asyncio.sleep(LOOK_SECONDS)
