"""Those who come too late, or twice, change nothing; those who die in the middle leave nothing undone."""

import signal
import uuid

import pytest

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_frozen_worker_that_wakes_up_settles_nothing(make: MakeWorld) -> None:
    """Its lease is another's by then, who is at work on the same job."""
    world = await make(*QUICK, slots=1)
    (media,) = await world.add(1)
    await world.spoil("hang", match={"job": CAPTION}, next=1)
    frozen = await world.serve(lease_seconds=8)
    await world.wire.created([media])
    await world.under_way(media, CAPTION)

    frozen.send(signal.SIGSTOP)
    await world.heal()
    await world.spoil("hang", match={"job": CAPTION}, next=1)
    await world.serve(lease_seconds=8)
    await world.under_way(media, CAPTION, 2)
    frozen.send(signal.SIGCONT)
    await frozen.said("job.ended")
    await world.heal()

    await world.settled([media])
    runs = await world.pool.fetch("SELECT job_type, outcome, reason FROM bildwerk.runs ORDER BY id")
    assert [tuple(run) for run in runs] == [
        (CAPTION, "superseded", "lease_lost"),
        (CAPTION, "done", ""),
        (TITLE, "done", ""),
    ]
    (await gather(world)).check()


async def test_a_title_is_not_settled_while_its_caption_is_forced(running: World) -> None:
    """P3: its verdict is no longer due when its answer comes."""
    (media,) = await running.add(1)
    await running.spoil("hang", match={"media": str(media), "job": TITLE}, next=1)
    await running.wire.created([media])
    await running.under_way(media, TITLE)

    await running.wire.updated(media, force=True, job_types=[CAPTION])
    await running.wire.taken_in(Topic.MEDIA_UPDATED)
    assert (await running.jobs([media]))[media, TITLE]["status"] == "waiting"
    await running.heal()

    await running.settled([media])
    assert await running.outcomes(media) == [
        (CAPTION, "done"),
        (TITLE, "superseded"),
        (CAPTION, "done"),
        (TITLE, "done"),
    ]


@pytest.mark.parametrize("mode", ["cloudevent", "plain"])
async def test_a_force_is_honoured_once_however_often_it_is_delivered(make: MakeWorld, mode: str) -> None:
    world = await make(*QUICK)
    (media,) = await world.add(1)
    service = await world.serve()
    await world.wire.created([media])
    await world.settled([media])

    wish = {"media_id": media, "force": True, "cascade": True, "job_types": [CAPTION]}
    event_id = str(uuid.uuid4()) if mode == "cloudevent" else None
    for _ in range(3 if event_id else 1):
        await world.wire.send(Topic.MEDIA_UPDATED, [wish], event_id)
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled([media])
    assert await service.stop() == 0
    await world.serve(kafka_group=f"again-{world.word}")
    await world.wire.taken_in(Topic.MEDIA_UPDATED, group=f"again-{world.word}")

    await world.settled([media])
    assert await world.outcomes(media) == [(CAPTION, "done"), (TITLE, "done")] * 2
    (await gather(world)).check()


async def test_events_in_hand_when_the_process_dies_are_read_again(world: World) -> None:
    """I3: no offset is committed before PostgreSQL holds what it stands for."""
    media = await world.add(5)
    service = await (await world.serve()).started()

    async with world.pool.acquire() as holder, holder.transaction():
        await holder.execute("LOCK TABLE bildwerk.media IN ACCESS EXCLUSIVE MODE")
        await world.wire.created(media)

        async def planning() -> bool:
            return bool(
                await world.pool.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO bildwerk.media (id)%'"
                )
            )

        await until(planning)
        await service.kill()

    await world.serve()
    await world.settled(media)
    assert await world.statuses() == {"done": 10}
