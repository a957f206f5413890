"""A picture whose inspector did not live to compare it with the library is compared by whoever looks after that."""

import asyncio

import pytest

from consumers.seeker import DuplicateSeeker
from db import inspections
from db.pool import Connection
from handlers.runner.seeking import Seeker
from tests.room import Room

COMPARED = "SELECT compared FROM bildwerk.pictures"


def _seeker(room: Room) -> DuplicateSeeker:
    planner = room.ledger.planner
    return DuplicateSeeker(room.ledger.pool, planner, Seeker(room.ledger.pool, planner), poll=0.02)


@pytest.fixture
async def left_over(room: Room, monkeypatch: pytest.MonkeyPatch) -> DuplicateSeeker:
    """Return the seeker of a room whose picture was inspected, and then the connection broke."""
    compare, troubles = inspections.compare, [ConnectionError("broken off")]

    async def compare_or_break(connection: Connection, content_hash: str, phash: int) -> None:
        if troubles:
            raise troubles.pop()
        await compare(connection, content_hash, phash)

    monkeypatch.setattr(inspections, "compare", compare_or_break)
    media_id = await room.add("orange.png")
    with pytest.raises(ConnectionError):
        await room.inspector.inspect_batch()
    assert (await room.row(media_id))[1:] == (None, False)
    assert not await room.inspector.inspect_batch()
    return _seeker(room)


async def test_it_is_compared_though_no_stage_wants_duplicates(room: Room, left_over: DuplicateSeeker) -> None:
    assert not left_over.wanted
    await _pass_time(room)
    stop = asyncio.Event()
    running = asyncio.create_task(left_over.run(stop))
    async with asyncio.timeout(60):
        while await room.ledger.pool.fetchval(COMPARED) is None:
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert await _count_left(room) == 0


async def test_it_is_taken_by_one_and_only_once_its_inspector_had_time(room: Room, left_over: DuplicateSeeker) -> None:
    await room.ledger.pool.execute("UPDATE bildwerk.uncompared SET compare_at = now() + interval '1 hour'")
    assert not await left_over.compare_batch()
    await _pass_time(room)
    async with room.ledger.pool.acquire() as connection:
        assert len(await inspections.claim_uncompared(connection, 9, left_over.hold)) == 1
    assert not await left_over.compare_batch()
    assert await room.ledger.pool.fetchval(COMPARED) is None, "that one did not live to do it either"

    await _pass_time(room)
    assert await left_over.compare_batch()
    assert await room.ledger.pool.fetchval(COMPARED) == 0


async def test_a_picture_that_was_forgotten_meanwhile_is_no_trouble(room: Room, left_over: DuplicateSeeker) -> None:
    await room.ledger.pool.execute("UPDATE bildwerk.media SET content_hash = NULL")
    await room.ledger.pool.execute("DELETE FROM bildwerk.picture_hashes")
    await room.ledger.pool.execute("DELETE FROM bildwerk.pictures")
    await _pass_time(room)
    assert await left_over.compare_batch()
    assert not await left_over.compare_batch()
    assert await _count_left(room) == 0


async def test_what_its_inspector_compared_is_left_to_nobody(room: Room) -> None:
    """Nor what cannot be compared."""
    (room.folder / "page.jpg").write_text("<html>not found</html>")
    await room.add("page.jpg")
    await room.add("orange.png")
    await room.inspector.inspect_batch()
    assert await _count_left(room) == 0
    assert await room.ledger.pool.fetchval("SELECT count(compared) FROM bildwerk.pictures") == 1


async def _pass_time(room: Room) -> None:
    await room.ledger.pool.execute("UPDATE bildwerk.uncompared SET compare_at = now()")


async def _count_left(room: Room) -> int:
    return int(await room.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.uncompared"))
