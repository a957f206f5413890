"""What a person wrote, edited or deleted is never changed: not by events, not by force, not by cascade."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINE = "My own words, by hand."
KEY = "ollama.caption"
CASES = ("written_before", "written_under_platforms_name", "edited", "edited_during_the_call", "deleted")
REQUESTS: dict[str, dict[str, object]] = {
    "unforced": {},
    "forced": {"force": True, "job_types": [CAPTION]},
    "cascaded": {"force": True, "job_types": [CAPTION], "cascade": True},
}


@dataclass(frozen=True)
class Library:
    """One medium for each case and request, done, meddled with, and asked for once more."""

    world: World
    media: dict[tuple[str, str], int]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(make_shared: MakeWorld) -> Library:
    world = await make_shared(*QUICK)
    keys = [(case, request) for case in CASES for request in REQUESTS]
    media = dict(zip(keys, await world.add(len(keys)), strict=True))
    await world.serve()
    for request in REQUESTS:
        await world.put(media["written_before", request], KEY, MINE)
        await world.put(media["written_under_platforms_name", request], "caption", MINE)
        await world.put(media["written_under_platforms_name", request], "description", MINE)
    first_call = media["edited_during_the_call", "unforced"]
    await world.spoil("hang", match={"media": str(first_call), "job": CAPTION}, next=1)
    await world.wire.created(media.values())
    await world.under_way(first_call, CAPTION)
    await world.put(first_call, KEY, MINE)
    await world.heal()
    await world.settled(list(media.values()))

    for request, fields in REQUESTS.items():
        await world.put(media["edited", request], KEY, MINE)
        await world.pool.execute(
            "DELETE FROM media_meta WHERE media_id = $1 AND key = $2", media["deleted", request], KEY
        )
        during = media["edited_during_the_call", request]
        await world.spoil("hang", match={"media": str(during), "job": CAPTION}, next=1)
        for case in CASES:
            await world.wire.updated(media[case, request], **fields)
        if fields:
            await world.under_way(during, CAPTION, 2)
            await world.put(during, KEY, MINE)
        await world.heal()
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled(list(media.values()))
    return Library(world, media)


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("case", CASES)
async def test_a_persons_value_stays(library: Library, case: str, request_: str) -> None:
    media_id = library.media[case, request_]
    meta = await library.world.meta(media_id)

    if case == "deleted":
        assert KEY not in meta
    elif case == "written_under_platforms_name":
        assert (meta["caption"], meta["description"]) == (MINE, MINE)
        assert KEY not in meta
        assert "ollama.description" not in meta
    else:
        assert meta[KEY] == MINE
    assert meta["ollama.title"]
    if case != "written_under_platforms_name":
        assert meta["ollama.description"] != MINE


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("case", CASES)
async def test_only_force_asks_the_model_again_and_only_cascade_for_the_title(
    library: Library, case: str, request_: str
) -> None:
    media_id = library.media[case, request_]
    asked = [call["job"] for call in await library.world.calls() if call["media"] == str(media_id)]

    captions = 0 if case == "written_under_platforms_name" else 1 if request_ == "unforced" else 2
    assert asked.count(CAPTION) == captions
    assert asked.count(TITLE) == (2 if request_ == "cascaded" else 1)


async def test_what_was_kept_is_told_as_kept(library: Library) -> None:
    jobs = await library.world.jobs()

    for (case, request), media_id in library.media.items():
        job = jobs[media_id, CAPTION]
        untouched = request == "unforced" and case in ("edited", "deleted")
        wanted = ("done", "") if untouched else ("done", "kept")
        if case == "written_under_platforms_name":
            wanted = ("skipped", "kept_for_person")
        assert (job["status"], job["reason"]) == wanted, (case, request)
    (await gather(library.world)).check()


@pytest.mark.parametrize("edit", ["insert", "update", "delete"])
async def test_an_edit_that_commits_while_we_write_is_kept(library: Library, edit: str) -> None:
    """P17: the person's transaction is open when the finishing one reads, and commits when it is about to write."""
    world = library.world
    (media,) = await world.add(1)
    if edit != "insert":
        await world.wire.created([media])
        await world.settled([media])
    await world.spoil("hang", match={"job": CAPTION, "media": str(media)}, next=1)
    if edit == "insert":
        await world.wire.created([media])
    else:
        await world.wire.updated(media, force=True, job_types=[CAPTION])
    await world.under_way(media, CAPTION, 1 if edit == "insert" else 2)

    async with world.pool.acquire() as person, person.transaction():
        statement = {
            "insert": "INSERT INTO media_meta SELECT $1, $2, $3",
            "update": "UPDATE media_meta SET value = $3 WHERE media_id = $1 AND key = $2",
            "delete": "DELETE FROM media_meta WHERE media_id = $1 AND key = $2 AND $3::jsonb IS NOT NULL",
        }[edit]
        await person.execute(statement, media, KEY, MINE)
        await world.heal()
        await until(lambda: _is_waited_for(world))
    await world.settled([media])

    assert (await world.meta(media)).get(KEY) == (None if edit == "delete" else MINE)
    assert (await world.jobs())[media, CAPTION]["reason"] == "kept"


@pytest.mark.parametrize("lock", ["caption", "ollama.caption", "*"])
async def test_a_locked_field_is_not_written_by_force_either(library: Library, lock: str) -> None:
    world = library.world
    (media,) = await world.add(1)
    await world.wire.created([media])
    await world.settled([media])
    before = await world.meta(media)
    await world.put(media, "locks", [lock])

    await world.wire.updated(media, force=True, cascade=True)
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled([media])

    after = await world.meta(media)
    assert after[KEY] == before[KEY]
    if lock == "*":
        ours = {key: value for key, value in after.items() if key not in ("locks", "ollama.last_run_at")}
        assert ours == {key: value for key, value in before.items() if key != "ollama.last_run_at"}


async def _is_waited_for(world: World) -> Any:
    await asyncio.sleep(0)
    return await world.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE '%media_meta%'"
    )
