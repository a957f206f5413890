"""M1 to M21, E28: whatever lies where a picture should be has one clear fate, and its neighbours go on."""

import asyncio
import hashlib
import os
import shutil
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from handlers.inspect.limits import MIB
from tests.acceptance.bad_pictures import CASES, PATHS, SECRET, Case
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.pictures import draw
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, Service, World
from tests.handlers.inspect.corpus import transparent_plane

pytestmark = pytest.mark.asyncio(loop_scope="session")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, or limits memory")

EVERY = (*CASES, *PATHS)
SECONDS = 120.0
DECODER_SECONDS = 15
AT_WORK = 150 * MIB
"""A decoder that has more memory than this is in the middle of a picture of 49 megapixels."""
FOUND = (
    "SELECT coalesce(m.unreadable, p.unreadable) AS unreadable, p.width, p.height, p.format, m.content_hash"
    " FROM bildwerk.media AS m LEFT JOIN bildwerk.pictures AS p USING (content_hash) WHERE m.id = $1"
)
Library = tuple[World, dict[str, int], list[int]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(make_shared: MakeWorld) -> Library:
    """Return a world that has done what it could, the media of the cases by name, and their good neighbours."""
    world = await make_shared(*QUICK)
    paths, good = {}, []
    for number, case in enumerate(EVERY):
        paths[case.name] = case.path or f"{number}.jpg"
        case.put(world.root / paths[case.name])
    media = dict(zip(paths, await world.add_paths(paths.values()), strict=True))
    await world.serve(decoder_seconds=DECODER_SECONDS)
    for number, media_id in enumerate(media.values()):
        if number % 6 == 0:
            good += await world.add(1)
            await world.wire.created(good[-1:])
        await world.wire.created([media_id])
    await world.settled([*media.values(), *good], SECONDS)
    return world, media, good


async def test_the_neighbours_go_on(library: Library) -> None:
    world, media, good = library

    assert await world.statuses(good) == {"done": 2 * len(good)}
    assert await world.calls(*(media[case.name] for case in EVERY if case.reason)) == []
    (await gather(world)).check()


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
async def test_what_becomes_of_it(library: Library, case: Case) -> None:
    world, media, _ = library
    media_id = media[case.name]

    jobs = await world.jobs([media_id])
    found = await world.pool.fetchrow(FOUND, media_id)
    ended = {(key[1], job["status"], job["reason"]) for key, job in jobs.items()}
    if case.reason:
        assert ended == {(job_type, "skipped", "unreadable_picture") for job_type in (CAPTION, TITLE)}
        assert found["unreadable"] == case.reason
        assert await world.meta(media_id) == {}
    else:
        assert ended == {(job_type, "done", "") for job_type in (CAPTION, TITLE)}, found
        assert (found["unreadable"], (found["width"], found["height"])) == (None, case.size)
        assert Counter(call["job"] for call in await world.calls(media_id)) == {CAPTION: 1, TITLE: 1}


async def test_m16_nothing_but_pixels_is_kept_for_a_model(library: Library) -> None:
    world, _, _ = library
    renditions = [path for path in (world.folder / "cache").rglob("*") if path.is_file()]

    assert len(renditions) >= len([case for case in CASES if not case.reason])
    assert [path for path in renditions if SECRET in path.read_bytes()] == []


async def test_m1_m5_a_mended_picture_is_done_when_an_update_names_it(library: Library) -> None:
    world, media, _ = library
    mended = {name: draw(7100 + n) for n, name in enumerate(("M1-no_file", "M5-JPEG,_half"))}
    for name, data in mended.items():
        (
            world.root / await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media[name])
        ).write_bytes(data)
    await world.touch(media["M5-JPEG,_half"])

    for name in mended:
        await world.wire.updated(media[name])

    async def done() -> bool:
        return await world.statuses([media[name] for name in mended]) == {"done": 2 * len(mended)}

    await until(done, SECONDS)
    (await gather(world)).check()


async def test_e28_no_path_with_nul_can_be_in_the_table(library: Library) -> None:
    with pytest.raises(asyncpg.CharacterNotInRepertoireError):
        await library[0].add_paths(["a\x00.jpg"])


@linux_only
async def test_m21_a_decoder_that_crashes_costs_its_picture_and_nobody_elses(library: Library) -> None:
    """F20."""
    world, _, _ = library

    signalled = await spoil_decoding(world, transparent_plane(7000, 7000), signal.SIGSEGV, "decoder_crashed")

    assert len(signalled) == 2, "the second one fresh: a crash by chance is not held against a picture"


@linux_only
async def test_m21_a_decoder_that_hangs_is_killed_and_nobody_else_notices(library: Library) -> None:
    """F20."""
    world, _, _ = library

    frozen = await spoil_decoding(world, transparent_plane(7000, 6990), signal.SIGSTOP, "decoder_timeout")

    assert len(frozen) == 2, "the second one fresh: a machine that stood still is not held against a picture"

    async def gone() -> bool:
        return not [pid for pid in frozen if Path(f"/proc/{pid}").exists()]

    await until(gone, SECONDS)


async def spoil_decoding(world: World, heavy: bytes, number: signal.Signals, reason: str) -> set[int]:
    """Send a signal to whoever decodes this picture; it must get the reason, its neighbours are done. Returns pids."""
    (world.root / f"{reason}.png").write_bytes(heavy)
    (bad,) = await world.add_paths([f"{reason}.png"])
    good = await world.add(4)
    signalled: set[int] = set()
    (service,) = world.services
    spoiling = asyncio.create_task(signal_decoders(service, number, signalled))
    await world.wire.created([*good[:2], bad, *good[2:]])
    await world.settled([bad, *good], SECONDS)
    spoiling.cancel()

    assert (await world.pool.fetchrow(FOUND, bad))["unreadable"] == reason
    assert await world.statuses(good) == {"done": 8}
    assert (await world.pool.fetchrow(FOUND, bad))["content_hash"] == hashlib.sha256(heavy).hexdigest()
    assert service.process.returncode is None
    after = await world.add(1)
    await world.wire.created(after)
    await world.settled(after, SECONDS)
    assert await world.statuses(after) == {"done": 2}
    return signalled


async def signal_decoders(service: Service, number: signal.Signals, signalled: set[int]) -> None:
    """Send a signal to every child that is in the middle of a large picture, once each."""
    task = Path(f"/proc/{service.process.pid}/task")
    while True:
        for pid in {int(word) for path in task.glob("*/children") for word in path.read_text().split()} - signalled:
            if resident(pid) > AT_WORK:
                os.kill(pid, number)
                signalled.add(pid)
        await asyncio.sleep(0.005)


def resident(pid: int) -> int:
    """The bytes of memory that a process uses; 0 when it is gone."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


@linux_only
async def test_m21_more_memory_than_a_decoder_may_have_fails_only_that_picture(make: MakeWorld) -> None:
    """F20."""
    world = await make(*QUICK)
    (world.root / "heavy.png").write_bytes(transparent_plane(7000, 7000))
    (heavy,) = await world.add_paths(["heavy.png"])
    good = await world.add(4)
    await world.serve(decoder_memory_bytes=400 * MIB)

    await world.wire.created([*good[:2], heavy, *good[2:]])

    await world.settled([heavy, *good], SECONDS)
    assert (await world.pool.fetchrow(FOUND, heavy))["unreadable"] == "decoder_out_of_memory"
    assert await world.statuses([heavy, *good]) == {"done": 8, "skipped": 2}
    (await gather(world)).check()


async def test_m19_a_file_that_is_replaced_is_asked_about_as_it_is_now(make: MakeWorld) -> None:
    """P4: it waits for the slot while somebody replaces it, and its rendition is no longer there."""
    world = await make(*QUICK, slots=1)
    first, replaced = await world.add(2)
    await world.spoil("hang", match={"media": str(first), "job": CAPTION}, next=1)
    service = await world.serve()
    await world.wire.created([first])
    await world.under_way(first, CAPTION)
    await world.wire.created([replaced])
    await world.inspected([replaced], SECONDS)

    path = world.root / await world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", replaced)
    path.write_bytes(draw(7200))
    shutil.rmtree(world.folder / "cache")
    await world.heal()

    await world.settled([first, replaced], SECONDS)
    found = await world.pool.fetchrow(FOUND, replaced)
    assert found["content_hash"] == hashlib.sha256(draw(7200)).hexdigest()
    assert Counter(call["job"] for call in await world.calls(replaced)) == {CAPTION: 1, TITLE: 1}
    assert "content_changed" in service.log
    (await gather(world)).check()
