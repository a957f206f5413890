"""Asking for scores, page by page, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from bildwerk.scoring import JOB_TYPE, PAGE, Batch, Tally, ask_scores
from db.pool import Database, Pool, open_pool
from db.purge import purge_media
from db.score_batches import Selection
from handlers.runner.planning import Planner
from tests.ledger import Ledger, choose

PLANNER = Planner(choose(JOB_TYPE))
ALL = Batch("spring", Selection(glob="*"))


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Return a pool on a fresh migrated database."""
    async with open_pool(Database(database)) as opened:
        yield opened


@pytest.fixture
def library(pool: Pool) -> Ledger:
    """Return a ledger in which nothing is done but scoring."""
    return Ledger(pool, PLANNER)


async def members(pool: Pool) -> list[int]:
    return [row["media_id"] for row in await pool.fetch("SELECT * FROM bildwerk.score_batches ORDER BY media_id")]


async def test_all_media_join_page_by_page_and_a_repeat_does_nothing(pool: Pool, library: Ledger) -> None:
    count = 2 * PAGE + 50
    await pool.execute("INSERT INTO media (path) SELECT n || '.jpg' FROM generate_series(1, $1::int) AS n", count)
    told: list[Tally] = []

    tally = await ask_scores(pool, PLANNER, ALL, told.append)

    assert tally == Tally(count, count, due=0, waiting=count), "none of them has been looked at"
    assert [tally.media for tally in told] == [PAGE, 2 * PAGE, count]
    assert await members(pool) == list(range(1, count + 1))
    await library.inspect(1, "f1")
    assert (await library.verdict(1, JOB_TYPE))["status"] == "due"
    assert await ask_scores(pool, PLANNER, ALL) == Tally(count, 0, due=1, waiting=count - 1)


async def test_a_dry_run_writes_nothing(pool: Pool, library: Ledger) -> None:
    media_id = await library.add()
    other = await library.add("b.jpg", "f2")
    await ask_scores(pool, PLANNER, Batch("spring", Selection((media_id,))))
    before = await pool.fetch("SELECT *, xmin FROM bildwerk.jobs ORDER BY media_id")

    assert await ask_scores(pool, PLANNER, ALL, dry=True) == Tally(2, 1)
    assert await members(pool) == [media_id]
    assert await pool.fetch("SELECT *, xmin FROM bildwerk.jobs ORDER BY media_id") == before
    assert other not in await members(pool)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Selection((1, 3, 99)), [1, 3]),
        (Selection(glob="2024/*"), [1, 2]),
        (Selection(glob="2024/?.jpg"), [1]),
        (Selection(glob="*100%_*"), [3]),
        (Selection(glob="*\\*"), [4]),
        (Selection(missing=True), [2, 3, 4]),
        (Selection((1, 2), glob="2024/*", missing=True), [2]),
        (Selection(glob="2025/*"), []),
        (Selection(()), []),
    ],
)
async def test_who_is_meant(pool: Pool, wanted: Selection, ids: list[int]) -> None:
    paths = ["2024/a.jpg", "2024/deep/b.jpg", "100%_c.jpg", "back\\slash.jpg"]
    for path in paths:
        await pool.execute("INSERT INTO media (path) VALUES ($1)", path)
    await pool.execute("INSERT INTO media_meta VALUES (1, 'ollama.scores', '{}')")

    tally = await ask_scores(pool, PLANNER, Batch("spring", wanted))

    assert await members(pool) == ids
    assert tally == Tally(len(ids), len(ids), waiting=len(ids))


async def test_again_scores_what_has_scores_once_per_batch(pool: Pool, library: Ledger) -> None:
    media_id = await library.add()
    await ask_scores(pool, PLANNER, ALL)
    await pool.execute("UPDATE bildwerk.jobs SET status = 'done'")
    again = replace(ALL, again=True)

    assert (await ask_scores(pool, PLANNER, ALL)).due == 0
    assert (await ask_scores(pool, PLANNER, again)).due == 1
    assert (await library.verdict(media_id, JOB_TYPE))["generation"] == 1
    await pool.execute("UPDATE bildwerk.jobs SET status = 'done', forced = false")
    assert (await ask_scores(pool, PLANNER, again)).due == 0
    assert await pool.fetchval("SELECT array_agg(force_id) FROM bildwerk.forces") == ["score:spring"]
    assert (await ask_scores(pool, PLANNER, replace(again, name="summer"))).due == 1


async def test_what_waits_for_other_jobs_is_told(pool: Pool) -> None:
    planner = Planner(choose("ollama_caption", "ollama_title", "ollama_quality", JOB_TYPE))
    await Ledger(pool, planner).add()

    assert await ask_scores(pool, planner, ALL) == Tally(1, 1, due=0, waiting=1)


async def test_a_medium_that_is_purged_leaves_its_batches(pool: Pool, library: Ledger) -> None:
    media_id = await library.add()
    await ask_scores(pool, PLANNER, ALL)
    await pool.execute("DELETE FROM media")
    await library.plan(media_id)
    async with pool.acquire() as connection:
        await purge_media(connection, timedelta(0), 10)
    assert await members(pool) == []
