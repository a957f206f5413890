"""Where the sweep stands, and the media that events named too early."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pydantic import JsonValue

from db.pool import Connection
from db.queries import load


async def claim(connection: Connection, owner: UUID, hold: timedelta) -> int | None:
    """Take or keep the sweep for `hold`; the id up to which it came, or None when another process has it."""
    cursor: int | None = await connection.fetchval(load("sweep")["sweep_claim"], owner, hold)
    return cursor


async def next_slice(connection: Connection, after: int, limit: int) -> list[int]:
    """Ids of the next media known to us, ascending."""
    return [row["id"] for row in await connection.fetch(load("sweep")["sweep_slice"], after, limit)]


async def advance(connection: Connection, owner: UUID, cursor: int) -> None:
    """Remember how far the sweep came; 0 starts over."""
    await connection.execute(load("sweep")["sweep_advance"], owner, cursor)


async def list_missing(connection: Connection, limit: int) -> list[int]:
    """Ids of media that the platform did not have when an event named them, and that are to be looked for now."""
    return [row["id"] for row in await connection.fetch(load("sweep")["sweep_missing"], limit)]


async def give_up(connection: Connection, media_ids: Sequence[int]) -> list[tuple[int, JsonValue]]:
    """Stop waiting for media; (id, the event that named it) of each."""
    rows = await connection.fetch(load("sweep")["sweep_give_up"], list(media_ids))
    return [(row["id"], row["missing_event"]) for row in rows]
