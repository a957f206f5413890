"""Looks of the inspector: whose turn is next, and what becomes of one that meets trouble which is not the picture's."""

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
