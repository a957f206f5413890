"""Deciding a library again, page by page."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from bench.redecide import JOBS, LEDGER, PLATFORM, STRICT, VALUES
from bildwerk import redecisions
from bildwerk.redecisions import EXAMPLES, PAGE, Tally, apply, simulate
from handlers.policy.policy import Policy
from handlers.policy.rule_file import default_policy
from handlers.redecision import Course
from handlers.runner.planning import Planner
from handlers.runner.redeciding import JOB_TYPE, Redecider
from handlers.runner.writing import EffectWriter
from handlers.stages.policy_flags import PolicyFlagsStage
from tests.ledger import Ledger, choose

MEDIA = 2 * PAGE + 30
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
FLAGS = "SELECT media_id, value FROM media_meta WHERE key = 'ollama.policy_flags' ORDER BY media_id"


class Stopped(Exception):
    """What a test stops an apply with."""


@pytest.fixture
async def library(ledger: Ledger) -> Ledger:
    """Return a ledger of media that were analysed by somebody else and not decided on."""
    await ledger.pool.execute(PLATFORM, MEDIA)
    for statement in (VALUES, LEDGER):
        await ledger.pool.execute(statement)
    await ledger.pool.execute(JOBS, JOB_TYPE)
    return ledger


def _redecider(policy: Policy) -> Redecider:
    return Redecider(Planner(choose(JOB_TYPE)), EffectWriter(), PolicyFlagsStage(policy))


async def _flags(library: Ledger) -> dict[int, Any]:
    return {row["media_id"]: row["value"] for row in await library.pool.fetch(FLAGS)}


def _stop_after(pages: int) -> Any:
    seen = []

    def tell(tally: Tally) -> None:
        seen.append(tally.last)
        if len(seen) == pages:
            raise Stopped

    return tell


async def test_stopped_and_taken_up_again_every_medium_is_decided_once(library: Ledger) -> None:
    tally = Tally()
    with pytest.raises(Stopped):
        await apply(library.pool, _redecider(default_policy()), tally, _stop_after(1))
    assert tally.media == len(await _flags(library)) == PAGE
    await apply(library.pool, _redecider(default_policy()), Tally(last=tally.last), lambda _: None)
    assert len(await _flags(library)) == MEDIA
    again = Tally()
    await apply(library.pool, _redecider(default_policy()), again, lambda _: None)
    assert again.courses == Counter({Course.SAME: MEDIA})
    runs = await library.pool.fetch("SELECT media_id FROM bildwerk.runs WHERE outcome = 'done'")
    assert sorted(row["media_id"] for row in runs) == list(range(1, MEDIA + 1))
    generations = await library.pool.fetchval("SELECT count(*) FROM bildwerk.jobs WHERE generation = 1")
    assert generations == MEDIA


async def test_simulating_says_what_applying_does_and_writes_nothing(library: Ledger) -> None:
    await apply(library.pool, _redecider(default_policy()), Tally(), lambda _: None)
    before, said, done = await _flags(library), Tally(), Tally()
    async with library.pool.acquire() as connection:
        await simulate(connection, _redecider(STRICT), None, said, lambda _: None)
    assert await _flags(library) == before
    await apply(library.pool, _redecider(STRICT), done, lambda _: None)
    assert (said.courses, said.transitions, said.examples) == (done.courses, done.transitions, done.examples)
    assert said.transitions == Counter({("publishable", "blocked"): MEDIA})
    assert said.examples["publishable", "blocked"] == [(n, ("everything",)) for n in range(1, EXAMPLES + 1)]


async def test_simulating_looks_at_no_more_than_was_asked(library: Ledger) -> None:
    tally = Tally()
    async with library.pool.acquire() as connection:
        await simulate(connection, _redecider(STRICT), PAGE + 7, tally, lambda _: None)
    assert (tally.media, tally.last) == (PAGE + 7, PAGE + 7)


async def test_a_page_the_database_broke_off_is_tried_again(library: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redecisions, "PAUSES", (0.0,) * 20)
    async with library.pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM bildwerk.media WHERE id = 5 FOR UPDATE")
        task = asyncio.create_task(apply(library.pool, _redecider(default_policy()), Tally(), lambda _: None))
        async with asyncio.timeout(30):
            for wanted in (1, 2):  # once it waits in vain, and once more
                while len(pids := await library.pool.fetch(WAITING)) == 0:
                    assert not task.done()
                    await asyncio.sleep(0.01)
                if wanted == 1:
                    await library.pool.execute("SELECT pg_terminate_backend($1)", pids[0]["pid"])
                    while pids[0] in await library.pool.fetch(WAITING):
                        await asyncio.sleep(0.01)
    await task
    assert len(await _flags(library)) == MEDIA
