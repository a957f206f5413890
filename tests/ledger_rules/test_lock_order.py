"""P23: whoever locks several media takes them in the same order, so that nobody locks anybody up."""

import asyncio

import pytest

from db.pool import Connection
from handlers.runner.planning import PlanRequest
from tests.ledger import Ledger
from tests.ledger_rules.actors import beating
from tests.ledger_rules.barriers import Act, open_stage

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def planning(ledger: Ledger, media: list[int]) -> Act:
    async def act(connection: Connection) -> object:
        async with connection.transaction():
            return await ledger.planner.plan_media(connection, [PlanRequest(media_id) for media_id in reversed(media)])

    return act


@pytest.mark.parametrize("first", ["plan", "heartbeat"])
async def test_a_heartbeat_and_a_plan_of_the_same_media_wait_for_each_other(
    ledger: Ledger, shared_database: str, first: str
) -> None:
    """P23: who comes second waits for the first medium, not with the second one in its hands."""
    media = [await ledger.add(f"{number}.jpg", f"f{number}") for number in range(2)]
    leases = [await ledger.claim() for _ in media]
    acts: list[Act] = [planning(ledger, media), beating([*reversed(leases)])]
    if first == "heartbeat":
        acts.reverse()
    async with open_stage(shared_database) as stage, asyncio.timeout(120):
        watcher, running = stage.watcher, []
        async with ledger.pool.acquire() as holder, holder.transaction():
            await holder.execute("SELECT FROM bildwerk.media WHERE id = $1 FOR UPDATE", media[0])
            for number, (act, connection) in enumerate(zip(acts, stage.connections, strict=True), 1):
                running.append(asyncio.ensure_future(act(connection)))
                while await watcher.fetchval(WAITING) < number:
                    await asyncio.sleep(0.01)
        results = await asyncio.gather(*running)
    assert {*media} in results, "the heart went on beating"
