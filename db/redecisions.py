"""The media that may be decided on again: those whose decision is not under way."""

from db.pool import Connection
from db.queries import load


async def count(connection: Connection, job_type: str, after: int = 0) -> int:
    """How many there are above the id `after`."""
    return int(await connection.fetchval(load("redecisions")["redecisions_count"], job_type, after))


async def next_page(connection: Connection, job_type: str, after: int, limit: int) -> list[int]:
    """The ids of the next ones above `after`, ascending."""
    rows = await connection.fetch(load("redecisions")["redecisions_page"], job_type, after, limit)
    return [row["media_id"] for row in rows]
