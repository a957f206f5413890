"""A medium joins a score batch by an event, through a real broker and a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from consumers.intake import Intake
from consumers.kafka import KafkaSettings
from contracts.topics import Topic
from db.pool import Pool
from handlers.runner.planning import Planner
from tests.consumers.conftest import Produce, until
from tests.ledger import Ledger, choose

SCORE = "ollama_score_multi"
PLANNER = Planner(choose(SCORE))


@pytest.fixture
def intake(pool: Pool, settings: KafkaSettings) -> Intake:
    return Intake(pool, PLANNER, settings)


@asynccontextmanager
async def running(intake: Intake) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(intake.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def batches(pool: Pool) -> list[tuple[int, str]]:
    rows = await pool.fetch("SELECT media_id, batch FROM bildwerk.score_batches ORDER BY media_id, batch")
    return [(row["media_id"], row["batch"]) for row in rows]


async def test_an_event_puts_a_medium_into_its_batch_once_however_often_it_is_read(
    pool: Pool, intake: Intake, settings: KafkaSettings, produce: Produce
) -> None:
    ledger = Ledger(pool, PLANNER)
    media_id = await ledger.add()
    assert (await ledger.verdict(media_id, SCORE))["reason"] == "no_quality"
    event = json.dumps({"media_id": media_id, "score_batch": "spring"}).encode()
    await produce(Topic.MEDIA_UPDATED, event)
    async with running(intake):
        await until(lambda: _is_due(ledger, media_id))
    before = await pool.fetchrow("SELECT *, xmin FROM bildwerk.jobs")
    asked = await pool.fetchrow("SELECT *, xmin FROM bildwerk.score_batches")

    await produce(Topic.MEDIA_UPDATED, event)
    other = json.dumps({"media_id": 99, "score_batch": "end"}).encode()
    again = replace(settings, group=f"{settings.group}-again")
    await produce(Topic.MEDIA_UPDATED, other)
    async with running(Intake(pool, PLANNER, again)):
        await until(lambda: _has(pool, (99, "end")))
    assert await batches(pool) == [(media_id, "spring"), (99, "end")]
    assert await pool.fetchrow("SELECT *, xmin FROM bildwerk.jobs") == before
    assert await pool.fetchrow("SELECT *, xmin FROM bildwerk.score_batches WHERE media_id = $1", media_id) == asked


async def test_a_medium_that_comes_after_its_event_is_in_the_batch(
    pool: Pool, intake: Intake, produce: Produce
) -> None:
    await produce(Topic.MEDIA_UPDATED, b'{"media_id": 1, "score_batch": "spring"}')
    async with running(intake):
        await until(lambda: _has(pool, (1, "spring")))
    ledger = Ledger(pool, PLANNER)
    assert await ledger.add() == 1
    assert (await ledger.verdict(1, SCORE))["status"] == "due"


async def _is_due(ledger: Ledger, media_id: int) -> bool:
    return bool((await ledger.verdict(media_id, SCORE))["status"] == "due")


async def _has(pool: Pool, pair: tuple[int, str]) -> bool:
    return pair in await batches(pool)
