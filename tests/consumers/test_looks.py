"""Looks of the inspector: whose turn is next, and what becomes of one that meets trouble which is not the picture's."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from db import inspections
from db.pool import Connection
from tests.room import Room, Scripted


async def test_a_database_in_trouble_while_the_detector_is_asked_about_breaks_no_picture(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture was read already, and is good: this look is repeated."""
    find, detector = inspections.find_nsfw, Scripted(0.25)
    room.inspector.detector = detector
    troubles = [asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")]

    async def find_or_break(connection: Connection, content_hash: str) -> float | None:
        if troubles:
            raise troubles.pop()
        return await find(connection, content_hash)

    monkeypatch.setattr(inspections, "find_nsfw", find_or_break)
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    assert await room.row(media_id) == (None, None, True)
    assert detector.seen == []

    await room.inspector.inspect_batch()
    content_hash, reason, still_open = await room.row(media_id)
    assert (content_hash is not None, reason, still_open) == (True, None, False)
    assert await room.ledger.pool.fetchval("SELECT nsfw FROM bildwerk.pictures") == 0.25


async def test_an_upload_overtakes_a_backfill(room: Room) -> None:
    inspector = replace(room.inspector, batch=8)
    backfill = await room.add_copies(20, -100)
    upload = await room.add("orange.png")
    await inspector.inspect_batch()

    looked_at = [medium for medium in (*backfill, upload) if (await room.row(medium))[0] is not None]
    assert looked_at == [*backfill[:7], upload]


async def test_what_waits_longest_is_looked_at_however_many_uploads_come(room: Room) -> None:
    """One look in eight, as with claims; no other one is looked at twice for it."""
    inspector = replace(room.inspector, batch=8)
    oldest = await room.add("orange.png", -100)
    uploads = await room.add_copies(20)
    await inspector.inspect_batch()

    looked_at = [medium for medium in (oldest, *uploads) if (await room.row(medium))[0] is not None]
    assert looked_at == [oldest, *uploads[:7]]


async def test_one_look_at_a_time_is_for_the_oldest_each_eighth_time(room: Room) -> None:
    inspector = replace(room.inspector, batch=1)
    oldest = await room.add("orange.png", -100)
    await room.add_copies(9)
    done = []
    for _ in range(8):
        await inspector.inspect_batch()
        done.append((await room.row(oldest))[0] is not None)

    assert done == [False] * 7 + [True]


async def test_media_that_the_platform_has_deleted_hold_up_nobody(room: Room) -> None:
    """A wrong import, deleted at once: its media are closed without a look, and without a rest between batches."""
    inspector = replace(room.inspector, poll=3600.0)
    deleted, good = await room.add_copies(40), await room.add("orange.png")
    await room.ledger.pool.execute("DELETE FROM media WHERE id = ANY($1::bigint[])", deleted)
    stop = asyncio.Event()
    running = asyncio.create_task(inspector.run(stop))
    async with asyncio.timeout(90):
        while (await room.row(good))[0] is None:
            await asyncio.sleep(0.05)
    stop.set()
    await running

    rows = await room.ledger.pool.fetch("SELECT id FROM bildwerk.media WHERE deleted_at IS NOT NULL ORDER BY id")
    assert [row["id"] for row in rows] == deleted
    assert await room.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE inspect_at IS NOT NULL") == 0
