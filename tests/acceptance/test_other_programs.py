"""Another program may do a job itself: its completion starts what comes after."""

import pytest
import pytest_asyncio

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.wire import body
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def write_caption(world: World, media_id: int) -> None:
    """What the other program writes, and tells."""
    await world.put(media_id, "ollama.caption", "A dog that another program saw.")
    await world.put(media_id, "ollama.description", "It saw a dog, and a hedge behind it.")
    told = {"media_id": media_id, "job_type": CAPTION, "outcome": "done"}
    await world.wire.send(Topic.STAGE_COMPLETED, [told], f"other-program-{media_id}")


async def test_a_caption_by_another_program_starts_the_title(world: World) -> None:
    (media,) = await world.add(1)
    await world.serve()

    await write_caption(world, media)
    await world.settled([media])

    jobs = await world.jobs()
    assert (jobs[media, CAPTION]["status"], jobs[media, CAPTION]["reason"]) == ("skipped", "kept_for_person")
    assert jobs[media, TITLE]["status"] == "done"
    assert [call["job"] for call in await world.calls()] == [TITLE]
    meta = await world.meta(media)
    assert meta["ollama.caption"] == "A dog that another program saw."
    assert meta["ollama.title"]
    (await gather(world)).check()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def waiting(make_shared: MakeWorld) -> World:
    """Return a world at work in which captions are another program's."""
    world = await make_shared(*QUICK)
    await world.serve(foreign_job_types=CAPTION)
    return world


async def test_another_program_hears_of_a_caption_while_the_title_is_still_asked_for(world: World) -> None:
    """It need not wait until all of the picture is done, or until somebody looks."""
    (media,) = await world.add(1)
    await world.spoil("hang", match={"job": TITLE})
    await world.serve(poll_seconds=600)
    await world.wire.created([media])
    await world.under_way(media, TITLE)

    async def told() -> list[str]:
        return [body(record)["job_type"] for record in await world.wire.read(Topic.STAGE_COMPLETED)]

    assert await until(told, 60.0) == [CAPTION]
    assert (await world.jobs())[media, TITLE]["status"] == "due"
    await world.heal()
    await world.settled([media])


async def test_where_captions_are_another_programs_the_title_waits_for_its_completion(waiting: World) -> None:
    world = waiting
    media = await world.add(3)
    await world.wire.created(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    await world.inspected(media)

    assert {key: job["status"] for key, job in (await world.jobs(media)).items()} == {
        (m, job_type): "waiting" for m in media for job_type in (CAPTION, TITLE)
    }
    assert await world.calls(*media) == []

    for media_id in media[:2]:
        await write_caption(world, media_id)
    await world.settled(media[:2])

    jobs = await world.jobs()
    assert [jobs[m, TITLE]["status"] for m in media] == ["done", "done", "waiting"]
    captions = [jobs[m, CAPTION] for m in media[:2]]
    assert [(job["status"], job["reason"]) for job in captions] == [("skipped", "not_ours")] * 2
    assert [call["job"] for call in await world.calls(*media)] == [TITLE, TITLE]


async def test_a_completion_that_says_failed_starts_the_title_too(waiting: World) -> None:
    world = waiting
    (media,) = await world.add(1)
    await world.wire.created([media])
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    await world.inspected([media])

    assert [job["status"] for job in (await world.jobs([media])).values()] == ["waiting", "waiting"]
    told = {"media_id": media, "job_type": CAPTION, "outcome": "failed", "reason": "too_dark"}
    await world.wire.send(Topic.STAGE_COMPLETED, [told], "other-program")
    await world.settled([media])

    evidence = await gather(world)
    told_by_us = [(event["job_type"], event["outcome"]) for event in evidence.events_of(media)]
    assert told_by_us == [(CAPTION, "skipped"), (TITLE, "done")]
    evidence.check()
