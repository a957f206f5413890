"""SIGTERM drains: no call is lost, leases are given back at once, the exit status is 0. A second signal is safe too."""

import asyncio
import signal
import time

import pytest

from tests.acceptance.conftest import MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURES = 12


async def at_work(make: MakeWorld, **settings: object) -> tuple[World, list[int]]:
    """A world whose four slots are all at calls that are never answered, or when it is healed."""
    world = await make("--picture-seconds", "0.1")
    media = await world.add(PICTURES)
    await world.spoil("hang")
    await world.serve(**settings)
    await world.wire.created(media)

    async def busy() -> bool:
        return len([call for call in await world.calls() if call["start"] and not call["end"]]) == world.slots

    await until(busy)
    return world, media


async def held(world: World) -> int:
    """Leases of media and slots that somebody holds."""
    return int(
        await world.pool.fetchval(
            "SELECT (SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL)"
            " + (SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL OR busy_until > now())"
        )
    )


async def test_a_stopping_service_finishes_its_calls_and_gives_everything_back(make: MakeWorld) -> None:
    world, media = await at_work(make)
    before = await world.calls()
    (service,) = world.services

    service.send(signal.SIGTERM)
    await service.said("service.stopping")
    await world.heal()
    assert await asyncio.wait_for(service.process.wait(), 60) == 0

    calls = await world.calls()
    assert len(calls) == len(before), "nothing new is asked"
    assert not any(call["given_up"] for call in calls)
    assert (await world.statuses())["done"] == len(calls)
    assert await held(world) == 0
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") == 0

    await world.serve()
    await world.settled(media)
    assert len(await world.calls()) == 2 * PICTURES
    (await gather(world)).check()


async def test_calls_longer_than_the_grace_are_given_up_and_made_again(make: MakeWorld) -> None:
    world, media = await at_work(make, grace_seconds=0.2)

    assert await world.services[0].stop() == 0

    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL") == 0
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 0
    await world.pool.execute("UPDATE bildwerk.slots SET busy_until = NULL")  # the server has long given up, too
    await world.heal()
    await world.serve()
    await world.settled(media)
    assert await world.statuses() == {"done": 2 * PICTURES}
    assert len(await world.calls()) <= 2 * PICTURES + world.slots
    (await gather(world)).check()


async def test_a_second_signal_ends_it_at_once_and_loses_nothing(make: MakeWorld) -> None:
    world, media = await at_work(make, lease_seconds=10)
    (service,) = world.services

    service.send(signal.SIGTERM)
    await service.said("service.stopping")
    began = time.monotonic()
    assert await service.stop(seconds=10) != 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in service.log
    assert not service.events("process.crashed")

    await world.pool.execute("UPDATE bildwerk.slots SET busy_until = NULL")
    await world.heal()
    await world.serve(lease_seconds=10)
    await world.settled(media)
    assert await world.statuses() == {"done": 2 * PICTURES}
    assert len(await world.calls()) <= 2 * PICTURES + world.slots
    (await gather(world)).check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_idle_service_stops_within_seconds(world: World, number: signal.Signals) -> None:
    service = await (await world.serve()).started()

    assert await service.stop(number) == 0
