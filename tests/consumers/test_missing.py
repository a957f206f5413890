"""Events that came before their medium."""

import asyncio

from consumers.missing import Missing
from contracts.dead_letters import bound
from contracts.facts import MediaFacts
from handlers.backoff import Backoff
from handlers.chain import Chain
from handlers.runner.planning import Force, Planner, PlanRequest
from handlers.stage import Condition
from handlers.stages.caption import CaptionStage
from tests.consumers.conftest import until
from tests.ledger import Ledger

EVENT = bound(("media.created", 3, 77, 1_700_000_000_000), b"5", b'{"media_id": 5}').to_json()


def looking(ledger: Ledger) -> Missing:
    """A watcher that looks at once, three times."""
    planner = Planner(ledger.planner.chain, look_again=Backoff(tries=3, base=0.0, cap=0.0))
    ledger.planner = planner
    return Missing(ledger.pool, planner, planned=lambda _planned: None)


async def tell(ledger: Ledger, force: Force | None = None) -> None:
    async with ledger.pool.acquire() as connection, connection.transaction():
        await ledger.planner.plan_media(connection, [PlanRequest(5, force=force, source=EVENT)])


async def test_a_medium_that_comes_later_is_found(ledger: Ledger) -> None:
    missing = looking(ledger)
    await tell(ledger)
    await missing.look()
    await ledger.pool.execute("INSERT INTO media (id, path) VALUES (5, 'late.jpg')")
    await missing.look()

    row = await ledger.pool.fetchrow("SELECT seen, look_at, inspect_at IS NOT NULL AS open FROM bildwerk.media")
    assert tuple(row) == (True, None, True)
    assert await missing.look() == 0


async def test_a_medium_that_never_comes_is_a_dead_letter_with_its_event(ledger: Ledger) -> None:
    missing = looking(ledger)
    await tell(ledger)
    for _ in range(3):
        await missing.look()

    row = await ledger.pool.fetchrow('SELECT topic, partition, "offset", value, reason FROM bildwerk.dead_letters')
    assert tuple(row) == ("media.created", 3, 77, b'{"media_id": 5}', "media_missing")
    assert await missing.look() == 0
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") == 1


async def test_a_force_for_a_medium_that_is_not_there_yet_is_kept(ledger: Ledger) -> None:
    """P13: the jobs rows are made in the same transaction; the force holds when the medium comes."""
    missing = looking(ledger)
    await tell(ledger, Force("early", ("ollama_caption",)))
    await ledger.pool.execute("INSERT INTO media (id, path) VALUES (5, 'late.jpg')")
    await missing.look()
    await ledger.inspect(5, "f1")

    verdict = await ledger.verdict(5, "ollama_caption")
    assert (verdict["status"], verdict["forced"], verdict["generation"]) == ("due", True, 1)


async def test_an_event_after_giving_up_begins_anew(ledger: Ledger) -> None:
    missing = looking(ledger)
    await tell(ledger)
    for _ in range(3):
        await missing.look()
    await tell(ledger)

    assert await missing.look() == 1


async def test_the_event_is_forgotten_when_its_medium_is_there(ledger: Ledger) -> None:
    """It may be 64 KiB; every medium whose event overtook its row would carry it for ever."""
    missing = looking(ledger)
    await tell(ledger)
    await ledger.pool.execute("INSERT INTO media (id, path) VALUES (5, 'late.jpg')")
    await missing.look()

    assert await ledger.pool.fetchval("SELECT missing_event FROM bildwerk.media") is None


async def test_a_force_that_became_a_dead_letter_is_honoured_when_it_is_sent_again(ledger: Ledger) -> None:
    missing = looking(ledger)
    force = Force("early", ("ollama_caption",))
    await tell(ledger, force)
    for _ in range(3):
        await missing.look()
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 1

    await ledger.pool.execute("INSERT INTO media (id, path) VALUES (5, 'late.jpg')")
    await tell(ledger, force)
    await ledger.inspect(5, "f1")
    assert (await ledger.verdict(5, "ollama_caption"))["forced"]


async def test_it_does_not_rest_while_more_is_due(ledger: Ledger) -> None:
    """A bulk import commits after its events: all its media are found one batch after the other."""
    missing = looking(ledger)
    missing.poll, missing.batch = 3600.0, 1
    requests = [PlanRequest(number, source=EVENT) for number in (5, 6, 7)]
    async with ledger.pool.acquire() as connection, connection.transaction():
        await ledger.planner.plan_media(connection, requests)
    await ledger.pool.execute("INSERT INTO media (id, path) SELECT n, n || '.jpg' FROM generate_series(5, 7) AS n")

    async def found() -> bool:
        return bool(await ledger.pool.fetchval("SELECT count(*) = 3 FROM bildwerk.media WHERE seen"))

    stop = asyncio.Event()
    running = asyncio.create_task(missing.run(stop))
    await until(found, 60)
    stop.set()
    await running


class BrokenForFive(CaptionStage):
    def condition(self, facts: MediaFacts) -> Condition:
        if facts.media_id == 5:
            raise ZeroDivisionError
        return super().condition(facts)


async def test_a_medium_that_cannot_be_planned_is_in_nobodys_way(ledger: Ledger) -> None:
    """Otherwise it would be looked for first again, without a rest."""
    chain = Chain((BrokenForFive(),))
    ledger.planner = Planner(chain, look_again=Backoff(tries=3, base=0.0, cap=0.0))
    async with ledger.pool.acquire() as connection, connection.transaction():
        await ledger.planner.plan_media(connection, [PlanRequest(6, source=EVENT)])
        await connection.execute("INSERT INTO bildwerk.media (id, look_at) VALUES (5, now() - interval '1 h')")
    await ledger.pool.execute("INSERT INTO media (id, path) SELECT n, n || '.jpg' FROM generate_series(5, 6) AS n")
    planner = Planner(chain, look_again=Backoff(tries=3, base=3600.0, cap=3600.0))
    missing = Missing(ledger.pool, planner, planned=lambda _planned: None, batch=1)
    assert [await missing.look() for _ in range(3)] == [1, 1, 0]
    assert await ledger.pool.fetchval("SELECT seen FROM bildwerk.media WHERE id = 6")
