"""The jobs that failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of them: by job type, reason, medium, and when they failed (from `since`). None: any."""

    job_types: tuple[str, ...] | None = None
    reasons: tuple[str, ...] | None = None
    media_ids: tuple[int, ...] | None = None
    since: datetime | None = None

    def arguments(self) -> tuple[Any, ...]:
        """Of the queries."""
        lists = (self.job_types, self.reasons, self.media_ids)
        return (*(each and list(each) for each in lists), self.since)


@dataclass(frozen=True, slots=True)
class Group:
    """How many jobs of one type failed for one reason, and when the last of them did."""

    job_type: str
    reason: str
    number: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One job that failed, and when."""

    media_id: int
    job_type: str
    reason: str
    generation: int
    changed_at: datetime


async def list_of(connection: Connection, media_ids: Iterable[int], job_types: Iterable[str]) -> dict[int, list[str]]:
    """The failed ones among these job types, by medium."""
    rows = await connection.fetch(load("failed_jobs")["failed_jobs_of"], sorted(media_ids), sorted(job_types))
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row["media_id"], []).append(row["job_type"])
    return found


async def count(connection: Connection, selection: Selection) -> list[Group]:
    """The failed jobs by type and reason, the most frequent first. Reads every job."""
    rows = await connection.fetch(load("failed_jobs")["failed_jobs_count"], *selection.arguments())
    return [Group(**row) for row in rows]


async def next_page(
    connection: Connection, selection: Selection, after: int, limit: int
) -> Sequence[tuple[int, tuple[str, ...]]]:
    """The next media above the id `after` with failed jobs, ascending, and the types of these."""
    rows = await connection.fetch(load("failed_jobs")["failed_jobs_page"], *selection.arguments(), after, limit)
    return [(row["media_id"], tuple(row["job_types"])) for row in rows]


async def list_newest(connection: Connection, selection: Selection, limit: int) -> list[FailedJob]:
    """Those that failed last, the latest first."""
    rows = await connection.fetch(load("failed_jobs")["failed_jobs_newest"], *selection.arguments(), limit)
    return [FailedJob(**row) for row in rows]
