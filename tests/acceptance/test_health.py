"""`/healthz` of a real service, in this process so that a test can stop or kill one of its loops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bildwerk.environment import read
from bildwerk.sandbox.process import find_free_port
from bildwerk.service import Service
from bildwerk.settings import Settings
from bildwerk.wiring import wire
from tests.acceptance.pages import Pages, open_client
from tests.acceptance.polling import until
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONNECTIONS = 2
PATIENCE = 5.0


@asynccontextmanager
async def served(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Service, Pages]]:
    """A service of this process, at work, with its pages."""
    port = find_free_port()
    changes = {"web_port": port, "pool_size": CONNECTIONS, "stuck_seconds": PATIENCE, "lease_seconds": 3}
    for name, value in world.environment(changes).items():
        monkeypatch.setenv(name, value)
    stop = asyncio.Event()
    async with wire(read(Settings)) as service:
        running = asyncio.create_task(service.run(stop))
        async with open_client(port) as client:
            try:
                await until(lambda: listens(client), 60.0)
                yield service, Pages(client)
            finally:
                stop.set()
                await asyncio.wait_for(running, 60.0)


async def listens(client: httpx.AsyncClient) -> bool:
    """Whether the pages are there."""
    try:
        return (await client.get("/metrics")).is_success
    except httpx.TransportError:
        return False


async def stuck(pages: Pages) -> set[str]:
    """The loops that `/healthz` names; `/readyz` names the same."""
    answer = await pages.client.get("/healthz")
    named = answer.text.removeprefix("stuck: ").strip()
    assert answer.status_code == (200 if named == "ok" else 503)
    return set() if named == "ok" else set(named.split(", "))


def kill(name: str) -> None:
    """End a task as a mistake of ours could: nothing is raised anywhere."""
    (task,) = [task for task in asyncio.all_tasks() if task.get_name() == name]
    task.cancel()


async def test_loops_that_are_stuck_or_dead_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(world, monkeypatch) as (service, pages):
        await until(lambda: well(pages), 60.0)

        held = [await service.pool.acquire() for _ in range(CONNECTIONS)]
        waiting = await until(lambda: stuck(pages), 60.0)
        assert waiting <= {"dispatcher", "inspector", "missing", "relay", "duplicateseeker", "intake", "sweep", "purge"}
        for connection in held:
            await service.pool.release(connection)
        await until(lambda: well(pages), 60.0)

        kill("relay")
        await until(lambda: named(pages, {"relay"}), 60.0)
        assert (await pages.lacks()) == {"loops": "stuck: relay"}
        kill("heartbeat")
        await until(lambda: named(pages, {"heartbeat", "relay"}), 60.0)
        assert (await pages.lacks())["heartbeat"] == "late"

        media = await world.add(2)
        await world.wire.created(media)
        await world.inspected(media, 60.0)


async def well(pages: Pages) -> bool:
    """Whether both pages are content."""
    return not await stuck(pages) and not await pages.lacks()


async def named(pages: Pages, loops: set[str]) -> bool:
    """Whether just these are stuck."""
    return await stuck(pages) == loops
