"""The group, and where it begins to read."""

import signal
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from contracts.topics import Topic
from tests.acceptance.invariants import gather
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_members_that_join_leave_and_die_lose_and_double_nothing(world: World) -> None:
    world.settings["kafka_session_timeout_seconds"] = "6"
    media = await world.add(60)
    first = await (await world.serve()).started()
    await world.wire.created(media[:20])
    second = await world.serve()
    await second.said("reader.assigned")
    await world.wire.created(media[20:40])
    assert await first.stop() == 0
    third = await world.serve()
    await third.said("reader.assigned")
    third.send(signal.SIGKILL)
    await world.wire.created(media[40:])

    await world.settled(media, seconds=90)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    assert await world.statuses() == {"done": 120}
    (await gather(world)).check()


async def test_a_new_group_reads_all_again_and_nothing_comes_of_it(world: World) -> None:
    media = await world.add(20)
    service = await (await world.serve()).started()
    await world.wire.created(media)
    await world.settled(media)
    before: Any = await gather(world)
    await service.stop()

    another = f"another-{world.word}"
    await (await world.serve(kafka_group=another)).started()
    for topic in (Topic.MEDIA_CREATED, Topic.STAGE_COMPLETED):
        await world.wire.taken_in(topic, group=another)
    after = await gather(world)
    assert len(after.events) == len(before.events) == 40
    assert len(after.runs) == len(after.calls) == 40
    after.check()


async def test_offsets_that_expired_mean_the_earliest_message_that_is_left(world: World) -> None:
    media = await world.add(6)
    service = await (await world.serve()).started()
    await world.wire.created(media[:2])
    await world.settled(media[:2])
    await service.stop()

    await world.wire.created(media[2:4])
    ends = await world.wire.ends(Topic.MEDIA_CREATED)
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    admin = AIOKafkaAdminClient(bootstrap_servers=world.wire.settings.servers)
    await admin.start()
    await admin.delete_records({TopicPartition(name, number): RecordsToDelete(end) for number, end in enumerate(ends)})
    await admin.close()
    await world.wire.created(media[4:])
    await (await world.serve()).started()

    await world.settled(media[4:])
    assert await world.statuses() == {"done": 8}
