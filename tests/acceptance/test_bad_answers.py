"""An answer that is none fails its job, and nothing of it is kept but the run record."""

import pytest
import pytest_asyncio

from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAULTS = ("broken_json", "prose", "done_false", "refusal", "wrong_language")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(make_shared: MakeWorld) -> tuple[World, dict[str, int]]:
    """Return a world in which each fault spoilt every caption of one medium."""
    world = await make_shared(*QUICK)
    media = dict(zip((*FAULTS, "none"), await world.add(len(FAULTS) + 1), strict=True))
    for fault in FAULTS:
        await world.spoil(fault, match={"media": str(media[fault]), "job": CAPTION})
    await world.serve()
    await world.wire.created(media.values())
    await world.settled(list(media.values()))
    return world, media


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_job_fails_and_only_the_run_record_stays(library: tuple[World, dict[str, int]], fault: str) -> None:
    world, media = library
    media_id = media[fault]

    jobs = await world.jobs([media_id])
    assert jobs[media_id, CAPTION]["status"] == "failed"
    assert jobs[media_id, CAPTION]["reason"]
    meta = await world.meta(media_id)
    assert {"ollama.caption", "ollama.description"} & meta.keys() == set()
    fields = await world.pool.fetch("SELECT field FROM bildwerk.written WHERE media_id = $1", media_id)
    assert {"ollama.caption", "ollama.description"} & {row["field"] for row in fields} == set()
    assert (CAPTION, "failed") in await world.outcomes(media_id)
    asked = [call["job"] for call in await world.calls(media_id)]
    assert asked.count(CAPTION) == 1, "the same is not asked twice"


async def test_the_neighbours_and_the_titles_go_on(library: tuple[World, dict[str, int]]) -> None:
    world, media = library

    jobs = await world.jobs()
    assert [jobs[media_id, TITLE]["status"] for media_id in media.values()] == ["done"] * len(media)
    assert jobs[media["none"], CAPTION]["status"] == "done"
    (await gather(world)).check()


async def test_what_fails_in_passing_is_tried_again(make: MakeWorld) -> None:
    world = await make(*QUICK)
    media = await world.add(3)
    for fault, media_id in zip(("status", "reset", "runner_crash"), media, strict=True):
        await world.spoil(fault, match={"media": str(media_id), "job": CAPTION}, next=1)
    await world.serve(retry_base_seconds=0.2)

    await world.wire.created(media)

    await world.settled(media)
    assert await world.statuses() == {"done": 6}
    for media_id in media:
        assert (CAPTION, "retry") in await world.outcomes(media_id)
    (await gather(world)).check()
