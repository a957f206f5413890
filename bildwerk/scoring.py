"""Asking for scores: media join a batch and are planned, page by page, each page one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from db import score_batches
from db.pool import Connection, Pool
from db.score_batches import Selection
from handlers.runner.planning import Force, Planner, PlanRequest

JOB_TYPE: Final = "ollama_score_multi"
PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """What asking came to, in media: meant, new in the batch, and of all those meant whose scores are due or waiting.

    They wait for other jobs, or for the picture to be looked at; the rest have scores or cannot get any.
    """

    media: int = 0
    joined: int = 0
    due: int = 0
    waiting: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.media + other.media, self.joined + other.joined, self.due + other.due, self.waiting + other.waiting
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """A name, the media that join, and whether those that have scores are scored `again`, once per name."""

    name: str
    wanted: Selection
    again: bool = False


async def ask_scores(
    pool: Pool, planner: Planner, batch: Batch, tell: Callable[[Tally], None] = lambda _: None, *, dry: bool = False
) -> Tally:
    """Put the media into the batch and plan them; `tell` hears after each page. `dry`: only count who would join.

    Stopped at any moment, the next run does what is left.
    """
    tally, last = Tally(), 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            ids = await score_batches.find_media(connection, batch.wanted, last, PAGE)
            if not ids:
                return tally
            members = await score_batches.count_members(connection, batch.name, ids)
            if dry:
                tally += Tally(len(ids), len(ids) - members)
            else:
                tally += await _join(connection, planner, batch, ids)
        last = ids[-1]
        tell(tally)


async def _join(connection: Connection, planner: Planner, batch: Batch, ids: list[int]) -> Tally:
    before = await score_batches.count_members(connection, batch.name, ids)
    force = Force(f"score:{batch.name}", (JOB_TYPE,)) if batch.again else None
    await planner.plan_media(connection, [PlanRequest(number, force, score_batch=batch.name) for number in ids])
    joined = await score_batches.count_members(connection, batch.name, ids) - before
    jobs = await score_batches.count_jobs(connection, JOB_TYPE, ids)
    unplanned = len(ids) - sum(jobs.values())
    return Tally(len(ids), joined, jobs.get("due", 0), jobs.get("waiting", 0) + unplanned)
