"""Whether PostgreSQL takes writes: one that does not is as good as away."""

from db.pool import Pool
from db.queries import load


async def is_writable(pool: Pool) -> bool:
    """False on a standby, and while the server is read-only. Raises what PostgreSQL being away raises."""
    return bool(await pool.fetchval(load("writable")["writable_ask"]))
