"""Dead letters: kept as rows first, and published through the outbox in the same transaction."""

from collections.abc import Sequence

from contracts.dead_letters import DeadLetter
from contracts.topics import Topic
from db.pool import Connection
from db.queries import load


async def bury(connection: Connection, letters: Sequence[DeadLetter]) -> int:
    """Keep and publish letters inside the caller's transaction; how many are new (a redelivery is not)."""
    if not letters:
        return 0
    rows = {row[:4] + row[7:8]: row for row in map(_row, letters)}
    columns = [list(column) for column in zip(*rows.values(), strict=True)]
    new: int = await connection.fetchval(load("dead_letters")["dead_letters_bury"], *columns, Topic.DEAD_LETTER.value)
    return new


def _row(letter: DeadLetter) -> tuple[object, ...]:
    o = letter.origin
    return (
        o.topic, o.partition, o.offset, o.timestamp_ms, o.key, o.value, o.value_length, o.value_hash,
        letter.reason, letter.detail, letter.to_json(),
    )  # fmt: skip
