"""A picture that crashes the runner of an older Ollama, which takes every call beside it along."""

import hashlib
import shutil

import pytest

from tests.acceptance.conftest import MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.pages import require_unharmed, watched
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SKIPPED = ("skipped", "unreadable_picture")
OLD = ("--pose", "0.13.5", "--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.05")


async def verdicts(world: World, media_id: int) -> list[tuple[str, str]]:
    """How the jobs of a medium stand."""
    return [(job["status"], job["reason"]) for job in (await world.jobs([media_id])).values()]


async def test_it_is_named_after_two_crashes_and_its_neighbours_finish(make: MakeWorld) -> None:
    world = await make(*OLD, slots=4)
    *healthy, poison, copy = await world.add(5)
    paths = dict(await world.pool.fetch("SELECT id, path FROM public.media"))
    shutil.copyfile(world.root / paths[poison], world.root / paths[copy])
    for media_id in healthy:  # under way when it comes, however slow this machine is
        await world.spoil("delay", match={"media": str(media_id), "job": CAPTION}, next=1, seconds=60.0)
    for media_id in (poison, copy):
        await world.spoil("runner_crash", match={"media": str(media_id)})
    async with watched(world, retry_base_seconds=0.5) as (service, pages):
        await world.wire.created(healthy)
        await until(lambda: in_flight(world, 3), 60.0)
        await world.wire.created([poison])

        await world.settled([*healthy, poison], 120.0)
        assert await world.statuses(healthy) == {"done": 6}
        assert await verdicts(world, poison) == [SKIPPED, SKIPPED]
        calls = await world.calls()
        crashes = [call for call in calls if call["fault"] == "runner_crash"]
        assert 1 <= len(crashes) <= 2
        assert {call["media"] for call in crashes} == {str(poison)}
        runs = (await gather(world)).runs
        victims = [run for run in runs if run["reason"] == "runner_crashed" and run["media_id"] != poison]
        assert victims, "the crash took nobody along"
        assert max(job["attempt"] for job in (await world.jobs(healthy)).values()) == 0

        content_hash = hashlib.sha256((world.root / paths[poison]).read_bytes()).hexdigest()
        named = await world.pool.fetch("SELECT content_hash FROM bildwerk.pictures WHERE unreadable = 'poison'")
        assert [row["content_hash"] for row in named] == [content_hash]
        await world.wire.created([copy])
        await world.settled([copy])
        assert await verdicts(world, copy) == [SKIPPED, SKIPPED]
        assert await world.calls(copy) == [], "known by its bytes, whatever medium shows them"

        assert service.events("host.away") == []
        assert await pages.lacks() == {}
        (await gather(world)).check()
    assert (await world.calls(poison))[0]["job"] == CAPTION
    assert TITLE not in {call["job"] for call in await world.calls(poison)}


async def test_a_host_whose_runner_crashes_for_everybody_is_away_and_no_picture_is_blamed(make: MakeWorld) -> None:
    """Its card is lost, say: uploads wait, none is tried alone, and all are done when it is well again."""
    world = await make(*OLD, slots=4)
    await world.spoil("runner_crash")
    async with watched(world, retry_base_seconds=0.2) as (service, pages):
        media = await world.add(3)
        await world.wire.created(media)
        assert (await pages.say(ollama="no_host"))["ollama"].endswith("runner_crashed")
        await until(lambda: crashes(world, 5), 90.0)
        assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.pictures WHERE unreadable IS NOT NULL") == 0
        standing = [(job["status"], job["reason"], job["attempt"]) for job in (await world.jobs(media)).values()]
        assert sorted(standing) == [("due", "", 0)] * 3 + [("waiting", "upstream", 0)] * 3

        await world.heal()
        await require_unharmed(world, media, cut_off=3)  # crashed before, answered after: these are tried alone
        assert service.events("worker.stopped") == []


async def crashes(world: World, number: int) -> bool:
    """Whether the runner crashed so many times."""
    return len([call for call in await world.calls() if call["fault"] == "runner_crash"]) >= number


async def in_flight(world: World, number: int) -> bool:
    """Whether so many calls are under way."""
    return bool((await world.control.get("/control/state")).json()["running"] >= number)
