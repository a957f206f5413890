"""The broker dies or freezes while work goes on."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from contracts.topics import Topic
from tests.acceptance.invariants import gather
from tests.acceptance.pages import recover, watched
from tests.acceptance.test_away import done
from tests.acceptance.world import World
from tests.brokers import on_request
from tests.kafka_real.broker import Kafka

pytestmark = pytest.mark.asyncio(loop_scope="session")

FROZEN_SECONDS = 20.0
"""Longer than any of our requests is waited for, and than the broker keeps its own registration (9 s)."""


async def test_a_broker_that_dies_and_comes_back_loses_nothing(
    apache_kafka: Kafka, world: World, figure: Callable[[str], None]
) -> None:
    media = await world.add(60)
    await (await world.serve()).started()
    async with watched(world) as (_, pages):
        await world.spoil("hang")  # until it is away: else all is published before
        await world.wire.created(media)
        await world.wire.taken_in(Topic.MEDIA_CREATED)

        await apache_kafka.kill()
        await world.heal()
        try:
            await done(world, 120)
            assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") > 0
            wrong = await pages.say(kafka="not_consuming", relay="not_publishing")
            assert wrong.keys() == {"kafka", "relay"}
        finally:
            await apache_kafka.start()  # other tests use it, too

        evidence = await recover(world, pages, media, figure)
        assert len(evidence.first_events) == 120
        await world.add_as(500)
        await world.wire.created([500])
        await world.settled([500])


@on_request
async def test_a_broker_that_freezes_for_a_while_loses_nothing(apache_kafka: Kafka, world: World) -> None:
    media = await world.add(40)
    services = [await (await world.serve()).started() for _ in range(2)]
    await world.wire.created(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)

    os.kill(apache_kafka.process.pid, signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS)
    os.kill(apache_kafka.process.pid, signal.SIGCONT)

    await world.settled(media)
    (await gather(world)).check()
    await world.add_as(500)
    await world.wire.created([500])
    await world.settled([500])
    assert not [event for service in services for event in service.events("service.stopped")]
