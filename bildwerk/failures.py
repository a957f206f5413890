"""Trying failed jobs again: page by page, each page one transaction."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from db import failed_jobs
from db.failed_jobs import Selection
from db.pool import Connection, Pool, transact
from handlers.runner.planning import Planner, PlanRequest

PAGE = 200


@dataclass
class Tally:
    """What retrying came to: media, and jobs by type; of the media those that are due now."""

    media: int = 0
    due: int = 0
    jobs: Counter[str] = field(default_factory=Counter)


async def retry(
    pool: Pool, planner: Planner, selection: Selection, tell: Callable[[Tally], None] = lambda _: None, *, dry: bool
) -> Tally:
    """Give each failed job that is selected a new generation (16), and plan its medium; `dry`: only count.

    Stopped at any moment, the next run does what is left; a job that has failed again meanwhile is not met twice.
    """
    tally, last, ours = Tally(), 0, planner.chain.upstreams.keys() - planner.chain.foreign

    async def plan(connection: Connection, page: Sequence[tuple[int, tuple[str, ...]]]) -> int:
        requests = [PlanRequest(media_id, retry=job_types) for media_id, job_types in page]
        return (await planner.plan_media(connection, requests)).due

    while True:
        async with pool.acquire() as connection:
            page = await failed_jobs.next_page(connection, selection, last, PAGE)
        if not page:
            return tally
        last = page[-1][0]
        named = [(media_id, tuple(name for name in names if name in ours)) for media_id, names in page]
        named = [each for each in named if each[1]]
        if not dry:
            tally.due += await transact(pool, partial(plan, page=named))
        tally.media += len(named)
        for _, job_types in named:
            tally.jobs.update(job_types)
        tell(tally)
