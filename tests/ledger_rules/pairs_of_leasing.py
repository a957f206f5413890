"""Claims, heartbeats, releases and purges that meet."""

from typing import Any

from db import leases
from tests.ledger import HOST
from tests.ledger_rules.actors import beating, claiming, finishing, intake, purging, releasing
from tests.ledger_rules.barriers import Order
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.pairs import Acts, pair
from tests.ledger_rules.pairs_of_finishing import DONE, FACTS, calling
from tests.ledger_rules.rows_of_planning import done, new


def claimed(order: Order) -> list[Any]:
    """The claims that came to something."""
    return [result for result in order.results if result is not None]


async def prepare_slots(bench: Bench) -> None:
    """Make the slots known without leaving a lease."""
    await bench.begin()
    await bench.release()
    await bench.ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")
    await bench.ledger.pool.execute("UPDATE bildwerk.runs SET outcome = 'unavailable', ended_at = now()")


async def one_claims(bench: Bench, order: Order) -> None:
    """I8: one of them has it, and nobody keeps a slot in vain."""
    (claim,) = claimed(order)
    assert claim.medium.media_id == bench.media_id
    assert await bench.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 1


@pair(one_claims, serial=False)
async def claim_and_claim_of_one_medium(bench: Bench) -> Acts:
    await new(bench)
    await prepare_slots(bench)
    return claiming([HOST]), claiming([HOST])


async def both_claim(bench: Bench, order: Order) -> None:  # noqa: ARG001
    """I8: a medium and a slot each."""
    claims = claimed(order)
    assert len({claim.medium.media_id for claim in claims}) == len(claims) == 2
    assert len({claim.slot.number for claim in claims}) == 2


@pair(both_claim, serial=False)
async def claim_and_claim_of_two_media(bench: Bench) -> Acts:
    await new(bench)
    await prepare_slots(bench)
    await bench.ledger.add("b.jpg", "f2")
    return claiming([HOST]), claiming([HOST])


async def one_slot_is_taken(bench: Bench, order: Order) -> None:
    """I8: no more claims than slots."""
    assert len(claimed(order)) == 1
    assert await bench.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL") == 1


@pair(one_slot_is_taken, serial=False)
async def claim_and_claim_of_the_last_slot(bench: Bench) -> Acts:
    await new(bench)
    await prepare_slots(bench)
    await bench.ledger.add("b.jpg", "f2")
    return claiming([(HOST[0], 1)]), claiming([(HOST[0], 1)])


async def neither_claims(bench: Bench, order: Order) -> None:
    """Both are to see whom they wait for, whatever the other one is at; and nobody keeps a slot in vain."""
    assert claimed(order) == []
    assert await bench.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 2


@pair(neither_claims, serial=False)
async def claim_and_claim_while_one_waits_for_a_whole_host(bench: Bench) -> Acts:
    await new(bench)
    await prepare_slots(bench)
    await bench.ledger.add("b.jpg", "f2")
    pool, hosts = bench.ledger.pool, (("host:1", 2), ("host:2", 2))
    async with pool.acquire() as connection:
        await leases.register_slots(connection, hosts)
    await pool.execute("UPDATE bildwerk.slots SET owner = gen_random_uuid(), until = 'infinity' WHERE number = 0")
    await pool.execute("UPDATE bildwerk.media SET alone = true WHERE id = $1", bench.media_id)
    return claiming(hosts[:1]), claiming(hosts[1:])


async def one_owner(bench: Bench, order: Order) -> None:
    """I8, P8: either the heart beat in time, or the lease is another one's; both know."""
    claim, kept = order.results
    assert (claim is None) is (kept == {bench.media_id})
    row = await bench.row()
    assert row["until"] > row["now"]
    assert row["lost"] == (0 if claim is None else 1)


@pair(one_owner)
async def claim_and_heartbeat_of_an_expired_lease(bench: Bench) -> Acts:
    """P8, P25."""
    await calling(bench)
    await bench.expire()
    assert bench.lease is not None
    return claiming([HOST]), beating([bench.lease])


async def claimed_after_all(bench: Bench, order: Order) -> None:
    """P8: a release of a former owner frees nothing."""
    row = await bench.row()
    assert (row["owner"] is None) is (order.results[0] is None)


@pair(claimed_after_all)
async def claim_and_release_of_an_expired_lease(bench: Bench) -> Acts:
    """P8."""
    await calling(bench)
    await bench.expire()
    assert bench.lease is not None
    return claiming([HOST]), releasing(bench.lease)


async def both_succeed(bench: Bench, order: Order) -> None:
    """P8: a finish takes nothing from the lease, and a heartbeat nothing from the verdict."""
    assert order.results == ({bench.media_id}, DONE)
    row = await bench.row()
    assert row["owner"] is not None
    assert row["until"] > row["now"]


@pair(both_succeed)
async def heartbeat_and_finish(bench: Bench) -> Acts:
    job = await calling(bench)
    return beating([job.lease]), finishing(bench.ledger.planner, job)


async def never_twice(bench: Bench, order: Order) -> None:
    """Fences: who claims it first takes the lease, and the answer is lost; while it is finished nobody claims it."""
    claim, finished = order.results
    assert claim is not None or finished is DONE
    assert ((await bench.ledger.verdict(bench.media_id, "a"))["status"] == "done") is (finished is DONE)


@pair(never_twice, serial=False, stops=FACTS)
async def claim_and_finish_under_an_expired_lease(bench: Bench) -> Acts:
    """P8, P25: an answer that comes late is good as long as nobody claimed the medium."""
    job = await calling(bench)
    await bench.expire()
    return claiming([HOST]), finishing(bench.ledger.planner, job)


async def once(bench: Bench, order: Order) -> None:  # noqa: ARG001
    """P21: honoured once, by whoever comes first."""
    verdict = await bench.ledger.verdict(bench.media_id, "a")
    assert (verdict["status"], verdict["generation"]) == ("due", 1)


@pair(once)
async def force_and_the_same_force(bench: Bench) -> Acts:
    """P21: two consumers are given the same event."""
    await done(bench, "a")
    force = intake(bench.ledger.planner, bench.media_id, AGAIN)
    return force, force


async def is_new(bench: Bench, order: Order) -> None:
    """P22, 29: purged before it came back, or not at all; a new generation once it was."""
    row = await bench.row()
    assert row["deleted_at"] is None
    assert (row["purged_at"] is not None) is (order.results[0] == 1)


@pair(is_new)
async def purge_and_a_medium_that_is_back(bench: Bench) -> Acts:
    """P22."""
    await done(bench, "a")
    await bench.delete()
    await bench.ledger.pool.execute("INSERT INTO media (id, path) VALUES ($1, 'a.jpg')", bench.media_id)
    return purging, intake(bench.ledger.planner, bench.media_id)
