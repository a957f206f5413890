"""The dead letters that are kept: looked at, and taken out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.dead_letters import DeadLetter, Origin
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters: by id, by reason, by when they were buried (from `since` until before `until`). None: any."""

    ids: tuple[int, ...] | None = None
    reasons: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def arguments(self) -> tuple[Any, ...]:
        """Of the queries."""
        return self.ids and list(self.ids), self.reasons and list(self.reasons), self.since, self.until


@dataclass(frozen=True, slots=True)
class Kept:
    """One letter as it is kept."""

    id: int
    letter: DeadLetter
    buried_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """How many letters there are for one reason, and when the first and the last of them were buried."""

    reason: str
    number: int
    first_at: datetime
    last_at: datetime


async def count(connection: Connection, selection: Selection) -> list[Group]:
    """The letters by reason, the most frequent first."""
    rows = await connection.fetch(load("dead_letters")["dead_letters_count"], *selection.arguments())
    return [Group(**row) for row in rows]


async def next_page(connection: Connection, selection: Selection, after: int, limit: int) -> list[Kept]:
    """The letters with the next ids above `after`, ascending."""
    rows = await connection.fetch(load("dead_letters")["dead_letters_page"], *selection.arguments(), after, limit)
    return [_read(row) for row in rows]


async def list_newest(connection: Connection, selection: Selection, limit: int) -> list[Kept]:
    """The letters buried last, the latest first, without their values."""
    rows = await connection.fetch(load("dead_letters")["dead_letters_newest"], *selection.arguments(), limit)
    return [_read(row) for row in rows]


async def remove(connection: Connection, ids: Sequence[int]) -> int:
    """Take letters out; how many were still there."""
    return _count(await connection.execute(load("dead_letters")["dead_letters_remove"], list(ids)))


async def drop(connection: Connection, selection: Selection, page: int = 1_000) -> int:
    """Take out all that are selected, a page at a time; how many there were. Outside a transaction."""
    statement, dropped = load("dead_letters")["dead_letters_drop"], 0
    while found := _count(await connection.execute(statement, *selection.arguments(), page)):
        dropped += found
    return dropped


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


def _read(row: Any) -> Kept:
    headers = tuple((name, text) for name, text in row["headers"])
    origin = Origin(
        row["topic"], row["partition"], row["offset"], row["timestamp_ms"], row["key"], row["value"],
        row["value_length"], row["value_hash"], headers,
    )  # fmt: skip
    return Kept(row["id"], DeadLetter(origin, row["reason"], row["detail"]), row["created_at"])
