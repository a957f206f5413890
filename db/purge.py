"""Forgetting: what was kept of deleted media, and raw answers that are old."""

from datetime import timedelta

from db import likenesses
from db.pool import Connection
from db.queries import load


async def purge_media(connection: Connection, after: timedelta, limit: int) -> int:
    """Make tombstones of up to `limit` media that were deleted longer than `after` ago; how many. In a transaction."""
    sql = load("purge")
    rows = await connection.fetch(sql["purge_media"], after, limit)
    hashes = [row["content_hash"] for row in rows if row["content_hash"]]
    await connection.execute(sql["purge_lock_pictures"], hashes)
    await likenesses.remove(connection, hashes)
    await connection.execute(sql["purge_pictures"], hashes)
    return len(rows)


async def purge_pictures(connection: Connection, after: timedelta, limit: int) -> int:
    """Forget, or keep, up to `limit` pictures that media showed until longer than `after` ago; how many were looked at.

    In a transaction.
    """
    sql = load("purge")
    hashes = [row["content_hash"] for row in await connection.fetch(sql["purge_left"], after, limit)]
    await likenesses.remove(connection, hashes)
    await connection.execute(sql["purge_pictures"], hashes)
    await connection.execute(sql["purge_stay"], hashes)
    return len(hashes)


async def purge_answers(connection: Connection, after: timedelta, limit: int) -> int:
    """Forget up to `limit` raw answers that are older than `after`; how many."""
    result: str = await connection.execute(load("purge")["purge_answers"], after, limit)
    return int(result.removeprefix("UPDATE "))
