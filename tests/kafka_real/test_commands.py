"""The commands that prepare and look at a cluster."""

import pytest

from contracts.topics import Topic
from tests.acceptance.commands import run
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_topics_are_missed_made_and_found(world: World) -> None:
    await world.add(1)
    names = {f"topic_{topic.name.lower()}": f"fresh.{world.word}.{topic.value}" for topic in Topic}

    status, before = await run(world, "doctor", **names)
    assert status == 1
    assert before.count("is not there: run `bildwerk migrate --topics`") == len(Topic)

    status, made = await run(world, "migrate", "--topics", "--partitions", "6", **names)
    assert status == 0, made
    assert made.count("created the topic fresh.") == len(Topic)
    status, again = await run(world, "migrate", "--topics", **names)
    assert status == 0, again
    assert "created" not in again

    status, after = await run(world, "doctor", **names)
    assert status == 0, after
    assert after.count("6 partitions") == len(Topic)


async def test_more_copies_than_brokers_are_refused_with_what_to_do(world: World) -> None:
    status, written = await run(
        world, "migrate", "--topics", "--replication", "3", topic_media_created=f"copied.{world.word}"
    )
    assert status == 1
    assert "lower --replication" in written.splitlines()[-1]
