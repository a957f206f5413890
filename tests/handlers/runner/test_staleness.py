"""What is stale, against a simulated Ollama and a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from bildwerk.sandbox.ollama import Simulated
from handlers.inference.options import InferenceOptions
from handlers.models import Models
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Force, Planner, PlanRequest
from handlers.runner.rerunning import RenewStale
from handlers.runner.staleness import Staleness
from handlers.runner.writing import OPTIONAL_WRITES, EffectWriter
from tests.ledger import MODEL, Ledger, choose
from tests.workshop import SPEED, Workshop, open_workshop

CAPTION, TITLE, TAGS = "ollama_caption", "ollama_title", "ollama_tags_normalize"
ALL = tuple(stage.job_type for stage in load_stages())


@pytest_asyncio.fixture
async def finished(
    ledger: Ledger, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Return a workshop in which every job of the one medium has run."""
    ledger.planner = Planner(choose(*ALL))
    async with open_workshop(ledger, await start_ollama(2, *SPEED), tmp_path) as opened:
        writer = EffectWriter(OPTIONAL_WRITES)
        opened.runner = replace(opened.runner, finisher=Finisher(ledger.planner, writer=writer))
        await opened.fleet.look()
        await opened.runner.run(await opened.claim())
        assert {status for status, _ in (await opened.shown()).values()} <= {"done", "skipped"}
        yield opened


def today(workshop: Workshop, **changes: object) -> Staleness:
    """What is asked today: the workshop's, but for `changes` of options."""
    options: InferenceOptions = replace(workshop.fleet.ollama.options, **changes)  # type: ignore[arg-type]
    digests = frozenset(report.digest for report in workshop.fleet.reports().values() if report)
    assert None not in digests
    return Staleness(workshop.ledger.planner, options, {MODEL: digests})


async def stale(workshop: Workshop, staleness: Staleness | None = None) -> set[str]:
    async with workshop.ledger.pool.acquire() as connection:
        found = await (staleness or today(workshop)).find(connection, [1], ALL)
    return set(found.get(1, ()))


async def asked(workshop: Workshop) -> set[str]:
    """The job types that the model was asked for."""
    return {call["job"] for call in await workshop.calls()}


async def test_what_was_just_done_is_stale_only_under_another_model_or_other_options(
    finished: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await asked(finished)
    assert said >= {CAPTION, TITLE, TAGS}
    assert await stale(finished) == set()

    other = replace(today(finished), digests={MODEL: frozenset({"another"})})
    assert await stale(finished, other) == said
    both = replace(other, digests={MODEL: other.digests[MODEL] | today(finished).digests[MODEL]})
    assert await stale(finished, both) == set(), "one of the hosts still has it"
    for change in ({"temperature": 0.7}, {"num_ctx": 8192}, {"rendition_policy": "jpeg-512"}):
        assert await stale(finished, today(finished, **change)) == said

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(finished.ledger.planner.chain.stage(TITLE)), "prompt", broken)
    assert await stale(finished, other) == said - {TITLE}, "a bug in one stage hides nothing of the others"


async def test_what_rests_on_a_text_that_changed_is_stale_until_it_is_done_again(finished: Workshop) -> None:
    """P16: it is not run again by itself; and P21: once an id."""
    ledger = finished.ledger
    text = '"Another caption, as a caption done again would be."'
    await ledger.pool.execute("UPDATE media_meta SET value = $1 WHERE key = 'ollama.caption'", orjson.loads(text))
    await ledger.pool.execute(
        "UPDATE bildwerk.written SET value = $1 WHERE field = 'ollama.caption'", orjson.loads(text)
    )
    await ledger.plan(1)
    assert (await finished.shown())[TITLE] == ("done", "")
    found = await stale(finished)
    assert found >= {TITLE, TAGS}
    assert CAPTION not in found

    renew = RenewStale(today(finished), ledger.planner.chain, Force("replay:a", (TITLE, TAGS)))

    async def renew_all() -> frozenset[str]:
        async with ledger.pool.acquire() as connection, connection.transaction():
            jobs = await renew.choose(connection, [1])
            requests = [renew.ask(PlanRequest(1), names) for names in jobs.values()]
            await ledger.planner.plan_media(connection, requests)
        return jobs.get(1, frozenset())

    assert await renew_all() == {TITLE, TAGS}
    assert await renew_all() == frozenset()
    assert (await ledger.verdict(1, TITLE))["reason"] == "forced"
    await finished.runner.run(await finished.claim())

    assert not await stale(finished) & {TITLE, TAGS}
    verdicts = [(await ledger.verdict(1, name))["generation"] for name in (CAPTION, TITLE, TAGS)]
    assert verdicts == [0, 1, 1]


async def test_what_cannot_be_compared_is_compared_by_who_was_asked_or_not_at_all(finished: Workshop) -> None:
    """The recipe of an answer that was taken over is that of another medium's question."""
    pool = finished.ledger.pool
    await pool.execute("UPDATE bildwerk.runs SET reused_from = id, recipe = 'another' WHERE recipe <> ''")
    assert await stale(finished) == set()
    chain = choose(*ALL, models=Models("bildwerk-other"))
    other = replace(today(finished), planner=replace(finished.ledger.planner, chain=chain))
    assert await stale(finished, other) == await asked(finished)

    await finished.ledger.touch(1)
    assert await stale(finished, other) == set(), "its picture is to be looked at first"
