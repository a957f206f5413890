"""Topics read again: by our own command, and by rewinding the group with Kafka's own tools."""

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import Topic
from tests.acceptance.commands import run as run_command
from tests.acceptance.invariants import gather
from tests.acceptance.world import TITLE, World
from tests.kafka_real.tools import fetch_tools, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def rewind(world: World) -> str:
    """Set the group back to the beginning of all its topics; what the tool said."""
    jars = await fetch_tools(world.folder / "tools")
    tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    whom = ("--bootstrap-server", world.wire.settings.servers[0], "--group", world.wire.settings.group)
    what = ("--reset-offsets", "--to-earliest", "--all-topics", "--execute")
    return await run("java", "-Xmx256m", "-cp", f"{jars}/*", tool, *whom, *what)


async def test_a_group_that_was_rewound_reads_all_again_and_forces_count_once(world: World) -> None:
    """I16, P21: Kafka's tool wants the group to be empty, so the service is stopped meanwhile."""
    media = await world.add(10)
    service = await (await world.serve()).started()
    await world.wire.created(media)
    await world.settled(media)
    await world.wire.updated(media[0], force=True, job_types=[TITLE])
    await world.wire.send(Topic.MEDIA_UPDATED, [{"media_id": media[1], "force": True, "job_types": [TITLE]}])
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled(media)
    before = await gather(world)
    assert len(before.calls) == 22
    assert await service.stop() == 0

    said = await rewind(world)
    assert world.wire.settings.name(Topic.MEDIA_CREATED) in said
    assert sum(await world.wire.committed(Topic.MEDIA_CREATED)) == 0

    again = await (await world.serve()).started()
    for topic in (Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED, Topic.STAGE_COMPLETED):
        await world.wire.taken_in(topic)
    await world.settled(media)
    after = await gather(world)
    assert again.events("intake.planned")
    assert len(after.calls) == 22
    assert len(after.events) == len(before.events)
    after.check()


async def test_a_replay_ends_behind_marks_of_transactions_and_leaves_the_group_alone(world: World) -> None:
    """The last offsets of a topic need not be those of messages."""
    media = await world.add(6)
    service = await (await world.serve()).started()
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    servers = world.wire.settings.servers
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"foreign-{world.word}") as producer:
        for media_id in media:
            async with producer.transaction():
                await producer.send(name, orjson.dumps({"media_id": media_id}), partition=0)
        await producer.begin_transaction()
        await producer.send(name, orjson.dumps({"media_id": 999}), partition=0)
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send(name, orjson.dumps({"media_id": media[0]}), partition=1)
        await producer.commit_transaction()
    await world.settled(media)
    joined = len(service.events("reader.assigned"))

    status, said = await run_command(world, "replay", "--topic", "media.created", "--force", "--job-type", TITLE)
    assert (status, said.splitlines()[1:]) == (
        0, ["7 events read", "6 media planned, 6 changed, 6 due, 0 looked at", f"6 jobs done again: 6 {TITLE}"],
    )  # fmt: skip
    await world.settled(media)
    assert len(await world.calls()) == 18
    assert len(service.events("reader.assigned")) == joined
    (await gather(world)).check()

    status, said = await run_command(world, "replay", "--topic", "media.created", "--from-offset", "3", "--dry-run")
    assert said.splitlines()[0] == "4 events read", "a partition that ends before is not read from its beginning"
