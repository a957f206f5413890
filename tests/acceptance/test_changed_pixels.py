"""Changed pixels make caption and title anew; a touched file changes nothing."""

import os

import pytest

from contracts.topics import Topic
from tests.acceptance.invariants import gather
from tests.acceptance.pictures import draw
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def replace_file(world: World, media_id: int, picture: bytes) -> None:
    """Give a medium another picture, and tell."""
    path = await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media_id)
    (world.root / path).write_bytes(picture)
    await world.touch(media_id)


async def tell(world: World, media: list[int]) -> None:
    """Announce an update, let what hangs go on once it was looked at, and wait until all that comes of it has come."""
    for media_id in media:
        await world.wire.updated(media_id)
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.inspected(media)
    await world.heal()
    await world.settled(media)


async def test_changed_pixels_make_caption_and_title_anew(running: World) -> None:
    world = running
    media = await world.add(2)
    await world.wire.created(media)
    await world.settled(media)
    first = [await world.meta(m) for m in media]
    changed, untouched = media

    await replace_file(world, changed, draw(1000))
    await tell(world, media)

    second = [await world.meta(m) for m in media]
    assert all(first[0][f"ollama.{key}"] != second[0][f"ollama.{key}"] for key in ("caption", "title"))
    assert second[1] == first[1]
    jobs = await world.jobs()
    assert [jobs[changed, job_type]["generation"] for job_type in (CAPTION, TITLE)] == [1, 1]
    calls = [(int(call["media"]), call["job"]) for call in await world.calls(*media)]
    both = (CAPTION, TITLE)
    assert sorted(calls) == sorted([(changed, job) for job in both] * 2 + [(untouched, job) for job in both])
    (await gather(world)).check()


async def test_pixels_that_come_back_are_a_third_generation(running: World) -> None:
    world = running
    (media,) = await world.add(1)
    path = world.root / await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media)
    original = path.read_bytes()
    await world.wire.created([media])
    await world.settled([media])
    first = await world.meta(media)

    for picture in (draw(1001), original):
        await replace_file(world, media, picture)
        await tell(world, [media])

    evidence = await gather(world)
    assert [e["generation"] for e in evidence.events_of(media)] == [0, 0, 1, 1, 2, 2]
    assert len(await world.calls(media)) == 6
    last = await world.meta(media)
    assert last["ollama.caption"] == first["ollama.caption"]
    evidence.check()


async def test_a_touched_file_changes_nothing(running: World) -> None:
    world = running
    (media,) = await world.add(1)
    await world.wire.created([media])
    await world.settled([media])
    first, jobs = await world.meta(media), await world.jobs([media])
    path = await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media)

    for _ in range(3):
        os.utime(world.root / path)
        await world.touch(media)
        await tell(world, [media])

    assert await world.meta(media) == first
    assert await world.jobs([media]) == jobs
    assert len(await world.calls(media)) == 2
    assert len((await gather(world)).events_of(media)) == 2


async def test_an_answer_for_older_pixels_is_never_written(running: World) -> None:
    """I9: the picture changes while the model looks at the old one."""
    world = running
    (media,) = await world.add(1)
    await world.spoil("hang", match={"job": CAPTION, "media": str(media)}, next=1)
    await world.wire.created([media])
    await world.under_way(media, CAPTION)

    await replace_file(world, media, draw(1000))
    await tell(world, [media])

    assert await world.outcomes(media) == [(CAPTION, "superseded"), (CAPTION, "done"), (TITLE, "done")]
    written = await world.pool.fetch(
        "SELECT w.content_hash, m.content_hash AS looked_at"
        " FROM bildwerk.written AS w JOIN bildwerk.media AS m ON m.id = w.media_id WHERE m.id = $1",
        media,
    )
    assert {row["content_hash"] for row in written} == {row["looked_at"] for row in written}
    (await gather(world)).check()


async def test_a_file_touched_during_the_call_costs_no_answer(running: World) -> None:
    """P5: same bytes under a new mark."""
    world = running
    (media,) = await world.add(1)
    await world.spoil("hang", match={"job": CAPTION, "media": str(media)}, next=1)
    await world.wire.created([media])
    await world.under_way(media, CAPTION)

    await world.touch(media)
    await world.heal()
    await world.settled([media])

    assert await world.outcomes(media) == [(CAPTION, "done"), (TITLE, "done")]
