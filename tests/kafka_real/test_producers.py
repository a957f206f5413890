"""What other programs' producers put on a topic: transactions, compression, large messages."""

import asyncio
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from contracts.topics import Topic
from tests.acceptance.invariants import gather
from tests.acceptance.wire import body
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def produce(producer: AIOKafkaProducer, world: World, media: list[int]) -> None:
    """Announce media, side by side."""
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    bodies = {str(media_id).encode(): orjson.dumps({"media_id": media_id}) for media_id in media}
    await asyncio.gather(*[await producer.send(name, value, key) for key, value in bodies.items()])


async def test_aborted_transactions_are_not_seen_and_leave_gaps_that_hold_up_nothing(world: World) -> None:
    media = await world.add(30)
    kept, aborted = media[:20], media[20:]
    producer = AIOKafkaProducer(bootstrap_servers=world.wire.settings.servers, transactional_id=f"foreign-{world.word}")
    await (await world.serve()).started()

    async with producer:
        for number in range(10):
            async with producer.transaction():
                await produce(producer, world, kept[2 * number : 2 * number + 2])
            await producer.begin_transaction()
            await produce(producer, world, aborted[number : number + 1])
            await producer.abort_transaction()

    await world.settled(kept)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    assert await world.statuses() == {"done": 40}
    assert not await world.calls(*aborted)
    ends = sum(await world.wire.ends(Topic.MEDIA_CREATED))
    assert ends > 30 + 20, "control records take offsets"
    (await gather(world)).check()


async def test_batches_are_read_whatever_they_were_compressed_with(world: World) -> None:
    sent = {}
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        sent[codec] = await world.add(10)
        servers = world.wire.settings.servers
        async with AIOKafkaProducer(bootstrap_servers=servers, compression_type=codec, linger_ms=100) as producer:
            await produce(producer, world, sent[codec])
    await (await world.serve()).started()

    await world.wire.taken_in(Topic.MEDIA_CREATED)
    assert not await world.wire.read(Topic.DEAD_LETTER)
    for media in sent.values():
        await world.settled(media)
        assert await world.statuses(media) == {"done": 20}


async def test_a_message_of_two_megabytes_is_a_dead_letter_and_the_next_is_read(world: World) -> None:
    large: dict[str, Any] = {"media_id": 1, "x": "x" * (2 << 20)}
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    admin = AIOKafkaAdminClient(bootstrap_servers=world.wire.settings.servers)
    await admin.start()
    topic = ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(4 << 20)})
    await admin.alter_configs([topic])
    await admin.close()
    media = await world.add(2)

    producer = AIOKafkaProducer(bootstrap_servers=world.wire.settings.servers, max_request_size=4 << 20)
    async with producer:
        for value in ({"media_id": media[0]}, large, {"media_id": media[1]}):
            await producer.send_and_wait(name, orjson.dumps(value), partition=0)
    await (await world.serve()).started()

    await world.settled(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    (letter,) = await world.wire.read(Topic.DEAD_LETTER)
    assert body(letter)["reason"] == "too_large"
