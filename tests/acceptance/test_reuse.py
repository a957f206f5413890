"""A picture that comes again is not asked about again, when that is set; nor when a service is killed meanwhile."""

import shutil

import pytest

from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMING = ("ollama_caption", "ollama_title", "ollama_tags_normalize")
KEYS = ("ollama.caption", "ollama.description", "ollama.title", "ollama.tags_raw", "ollama.tags_normalized")
COMMENT = b"\xff\xfe\x00\x06seen"
"""A segment of a JPEG that says something and shows nothing."""


async def add_copies(world: World, media_id: int, count: int) -> list[int]:
    """Upload a picture again: every other copy was saved again with a comment."""
    path = await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media_id)
    paths = [f"copy-{number}.jpg" for number in range(count)]
    for number, name in enumerate(paths):
        shutil.copy(world.root / path, world.root / name)
        if number % 2:
            data = (world.root / name).read_bytes()
            (world.root / name).write_bytes(data[:2] + COMMENT * number + data[2:])
    return await world.add_paths(paths)


async def test_copies_cost_no_call_when_it_is_set(make: MakeWorld) -> None:
    """The service that took half of them over is killed; another one goes on."""
    world = await make(*QUICK)
    world.settings.update(job_types=",".join(NAMING), lease_seconds="3")
    service = await (await world.serve(reuse_answers=True)).started()
    (original,) = await world.add(1)
    await world.wire.created([original])
    await world.settled([original], jobs=len(NAMING))

    copies = await add_copies(world, original, 12)
    await world.wire.created(copies)

    async def some_taken_over() -> bool:
        taken = await world.pool.fetchval("SELECT count(*) FROM bildwerk.runs WHERE reused_from IS NOT NULL")
        return bool(taken > 6)

    await until(some_taken_over)
    await service.kill()
    successor = await (await world.serve(reuse_answers=True)).started()
    await world.settled(copies, jobs=len(NAMING))

    assert await world.calls(*copies) == []
    said = await world.meta(original)
    for copy in copies:
        assert {key: value for key, value in (await world.meta(copy)).items() if key in KEYS} == {
            key: said[key] for key in KEYS
        }
    ended = [e for e in successor.events("job.ended") + service.events("job.ended") if e["media_id"] in copies]
    assert {type(event["reused_from"]) for event in ended} == {int}
    (await gather(world)).check()


async def test_copies_are_asked_about_as_ever_when_it_is_not(make: MakeWorld) -> None:
    world = await make(*QUICK)
    await (await world.serve(job_types=",".join(NAMING))).started()
    (original,) = await world.add(1)
    await world.wire.created([original])
    await world.settled([original], jobs=len(NAMING))
    copies = await add_copies(world, original, 2)
    await world.wire.created(copies)
    await world.settled(copies, jobs=len(NAMING))

    for copy in copies:
        assert sorted(call["job"] for call in await world.calls(copy)) == sorted(NAMING)
