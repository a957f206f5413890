"""Completions as they come back through Kafka: other programs' are recorded, our own are compared by plan number."""

from collections.abc import Iterable

from db.pool import Connection
from db.queries import load


async def record(connection: Connection, completions: Iterable[tuple[int, str]]) -> None:
    """Remember (media id, job type) that another program completed; call it before any medium is locked."""
    pairs = sorted(set(completions))
    if pairs:
        sql = load("completions")["completions_record"]
        await connection.execute(sql, [media_id for media_id, _ in pairs], [job_type for _, job_type in pairs])


async def load_plan_numbers(connection: Connection, media_ids: Iterable[int]) -> dict[int, int]:
    """The plan number of each medium that the ledger knows (P19)."""
    rows = await connection.fetch(load("completions")["completions_plan_numbers"], sorted(set(media_ids)))
    return {row["id"]: row["plan_no"] for row in rows}
