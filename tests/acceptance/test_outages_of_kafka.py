"""Kafka swallowed by the network, or gone: the model goes on, and what was to be told is told later."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.pages import recover, require_unharmed, watched
from tests.acceptance.test_away import done
from tests.tcp_proxy import TcpProxy, open_network

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def network(tmp_path: Path) -> AsyncIterator[TcpProxy]:
    """Return a network with a broker of the test's own behind it: every client is sent through it."""
    async with open_network(tmp_path) as proxy:
        yield proxy


async def test_alive_but_not_consuming(network: TcpProxy, make: MakeWorld) -> None:
    """There is nothing to do, every process is well, and still no event would come."""
    world = await make(*QUICK, kafka=network.address)
    media = await world.add(2)
    async with watched(world) as (service, pages):
        await world.wire.created(media[:1])
        await world.settled(media[:1])

        await network.blackhole()
        wrong = await pages.say(kafka="not_consuming")
        assert wrong.keys() == {"kafka"}
        await network.forward()

        await pages.become_well()
        await world.wire.created(media[1:])
        await require_unharmed(world, media)
        assert service.process.returncode is None


async def test_the_model_goes_on_while_kafka_is_away(
    network: TcpProxy, make: MakeWorld, figure: Callable[[str], None]
) -> None:
    world = await make("--picture-seconds", "0.2", kafka=network.address)
    media = await world.add(20)
    async with watched(world) as (_, pages):
        await world.wire.created(media)
        await world.wire.taken_in(Topic.MEDIA_CREATED)
        assert (await world.statuses())["done"] < 40

        await network.refuse()
        await done(world, 40, 120.0)
        assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") > 0
        wrong = await pages.say(kafka="not_consuming", relay="not_publishing: KafkaConnectionError")
        assert wrong.keys() == {"kafka", "relay"}
        await network.forward()

        evidence = await recover(world, pages, media, figure)
        assert len(evidence.first_events) == len(evidence.calls) == 40
