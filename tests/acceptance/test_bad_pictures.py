"""A picture that cannot be looked at has one clear reason, its jobs are skipped, and its neighbours go on."""

from collections.abc import Mapping

import pytest
import pytest_asyncio

from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.pictures import draw
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPOILT: Mapping[str, bytes | None] = {
    "missing_file": None,
    "empty_file": b"",
    "truncated_picture": draw(7000)[:-400],
    "file_too_large": draw(7001) + b"\x00" * 200_000,
    "unsupported_format": b"#!/bin/sh\necho I am no picture\n" * 50,
    "undecodable_picture": b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + b"IHDR" + bytes(17) + b"\0\0\0\0IEND\xaeB`\x82",
    "bad_reference": None,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(make_shared: MakeWorld) -> tuple[World, dict[str, int], list[int]]:
    """Return a world that has done what it could, the bad media by reason, and their good neighbours."""
    world = await make_shared(*QUICK)
    good = await world.add(4)
    paths = {}
    for reason, content in SPOILT.items():
        paths[reason] = "../outside.jpg" if reason == "bad_reference" else f"{reason}.jpg"
        if content is not None:
            (world.root / paths[reason]).write_bytes(content)
    bad = dict(zip(paths, await world.add_paths(paths.values()), strict=True))
    await world.serve(picture_max_bytes=100_000)
    await world.wire.created([*bad.values(), *good])
    await world.settled([*bad.values(), *good])
    return world, bad, good


async def test_the_neighbours_go_on(library: tuple[World, dict[str, int], list[int]]) -> None:
    world, bad, good = library

    assert await world.statuses(good) == {"done": 2 * len(good)}
    assert await world.calls(*bad.values()) == []
    (await gather(world)).check()


@pytest.mark.parametrize("reason", SPOILT)
async def test_its_jobs_are_skipped_for_one_clear_reason(
    library: tuple[World, dict[str, int], list[int]], reason: str
) -> None:
    world, bad, _ = library
    media_id = bad[reason]

    jobs = await world.jobs([media_id])
    assert {(key[1], job["status"], job["reason"]) for key, job in jobs.items()} == {
        (job_type, "skipped", "unreadable_picture") for job_type in (CAPTION, TITLE)
    }
    found = await world.pool.fetchval(
        "SELECT coalesce(m.unreadable, p.unreadable) FROM bildwerk.media AS m"
        " LEFT JOIN bildwerk.pictures AS p USING (content_hash) WHERE m.id = $1",
        media_id,
    )
    assert found == reason
    assert await world.meta(media_id) == {}


async def test_a_mended_picture_is_done_when_an_update_names_it(
    library: tuple[World, dict[str, int], list[int]],
) -> None:
    world, bad, _ = library
    media = [bad["missing_file"], bad["truncated_picture"]]
    for number, reason in enumerate(("missing_file", "truncated_picture"), 7100):
        (world.root / f"{reason}.jpg").write_bytes(draw(number))
    await world.touch(bad["truncated_picture"])

    for media_id in media:
        await world.wire.updated(media_id)

    await until_done(world, media)
    (await gather(world)).check()


async def until_done(world: World, media: list[int]) -> None:
    """Wait until all jobs of these media are done."""

    async def done() -> bool:
        return await world.statuses(media) == {"done": 2 * len(media)}

    await until(done)
