"""The commands that prepare and look at a cluster."""

import asyncio
import sys

import pytest

from contracts.topics import Topic
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def bildwerk(world: World, *arguments: str, **settings: object) -> tuple[int | None, str]:
    """Run a command; returns its exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bildwerk", *arguments),
        env=world.environment(settings),
        cwd=world.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    return process.returncode, written.decode()


async def test_topics_are_missed_made_and_found(world: World) -> None:
    await world.add(1)
    names = {f"topic_{topic.name.lower()}": f"fresh.{world.word}.{topic.value}" for topic in Topic}

    status, before = await bildwerk(world, "doctor", **names)
    assert status == 1
    assert before.count("is not there: run `bildwerk migrate --topics`") == len(Topic)

    status, made = await bildwerk(world, "migrate", "--topics", "--partitions", "6", **names)
    assert status == 0, made
    assert made.count("created the topic fresh.") == len(Topic)
    status, again = await bildwerk(world, "migrate", "--topics", **names)
    assert status == 0, again
    assert "created" not in again

    status, after = await bildwerk(world, "doctor", **names)
    assert status == 0, after
    assert after.count("6 partitions") == len(Topic)


async def test_more_copies_than_brokers_are_refused_with_what_to_do(world: World) -> None:
    status, written = await bildwerk(
        world, "migrate", "--topics", "--replication", "3", topic_media_created=f"copied.{world.word}"
    )
    assert status == 1
    assert "lower --replication" in written.splitlines()[-1]
