"""Leases on a real PostgreSQL: one owner at a time, whatever claims at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from db import hosts, leases
from db.leases import Claim, MediumLease, SlotLease
from db.pool import Connection, Database
from handlers.runner.planning import Force
from tests.ledger import HOST, Ledger, captioned

LEASE = timedelta(seconds=60)


async def claim(ledger: Ledger, hosts: tuple[tuple[str, int], ...] = (HOST,), *, oldest: bool = False) -> Claim | None:
    async with ledger.pool.acquire() as connection:
        await leases.register_slots(connection, hosts)
        return await leases.claim(connection, uuid4(), LEASE, hosts, oldest=oldest)


async def expire(ledger: Ledger) -> None:
    for table in ("media", "slots"):
        await ledger.pool.execute(
            f"UPDATE bildwerk.{table} SET until = now() - interval '1 s' WHERE owner IS NOT NULL"  # noqa: S608
        )


async def test_who_starts_waits_for_nobody_who_holds_a_slot(ledger: Ledger) -> None:
    """A process that is frozen in the middle of a heartbeat holds its rows until PostgreSQL ends its transaction."""
    async with ledger.pool.acquire() as frozen, ledger.pool.acquire() as starting:
        await leases.register_slots(frozen, [HOST])
        await hosts.register(frozen, [HOST[0]])
        transaction = frozen.transaction()
        await transaction.start()
        await frozen.execute("UPDATE bildwerk.slots SET lease_no = lease_no + 1")
        await frozen.execute("UPDATE bildwerk.hosts SET served = served + 1")

        await starting.execute("SET lock_timeout = '100ms'")
        await leases.register_slots(starting, [(HOST[0], HOST[1] + 1), ("new:1", 1)])
        await hosts.register(starting, [HOST[0], "new:1"])
        await transaction.rollback()
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots") == HOST[1] + 2
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.hosts") == 2


async def test_many_claim_at_once_and_each_medium_and_slot_is_taken_once(ledger: Ledger) -> None:
    """I8: no more claims than slots, no medium and no slot twice."""
    for number in range(12):
        await ledger.add(f"{number}.jpg", f"f{number}")
    claims = [c for c in await asyncio.gather(*(claim(ledger) for _ in range(20))) if c is not None]

    assert len(claims) == 4
    assert max(Counter(c.medium.media_id for c in claims).values()) == 1
    assert max(Counter((c.slot.host, c.slot.number) for c in claims).values()) == 1


async def test_nothing_due_leaves_the_slot_alone(ledger: Ledger) -> None:
    assert await claim(ledger) is None
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 0


async def test_slots_beyond_the_configured_number_are_not_used(ledger: Ledger) -> None:
    """Fewer slots after a restart: the surplus rows stay unused."""
    for number in range(3):
        await ledger.add(f"{number}.jpg", f"f{number}")
    assert await claim(ledger) is not None

    assert await claim(ledger, (("host:1", 1),)) is None
    assert await claim(ledger, (("host:1", 2),)) is not None


async def test_a_fresh_upload_overtakes_a_backfill_and_the_longest_wait_comes_to_its_turn(ledger: Ledger) -> None:
    """Priority decides, but for the claims that ask for whoever has waited longest."""
    backfill = [await ledger.add(f"{number}.jpg", f"f{number}") for number in range(2)]
    fresh = [await ledger.add(f"new-{number}.jpg", f"n{number}") for number in range(2)]
    await ledger.pool.execute("UPDATE bildwerk.media SET priority = -50 WHERE id = ANY($1)", backfill)
    await ledger.pool.execute("UPDATE bildwerk.media SET run_at = now() - make_interval(secs => 1000 - id)")

    claims = [await claim(ledger, oldest=oldest) for oldest in (False, True, False, False)]
    assert [c and c.medium.media_id for c in claims] == [fresh[0], backfill[0], fresh[1], backfill[1]]


async def take_over(ledger: Ledger) -> tuple[Claim, Claim]:
    """Claim a medium, and once more when its lease is over."""
    await ledger.add()
    first = await claim(ledger)
    await expire(ledger)
    second = await claim(ledger)
    assert first is not None
    assert second is not None
    return first, second


async def test_an_expired_lease_is_taken_over_and_counted(ledger: Ledger) -> None:
    """17, P25: no rescuer; the claim itself takes over, with a greater number."""
    first, second = await take_over(ledger)

    assert second.medium.media_id == first.medium.media_id
    assert second.medium.lease_no == first.medium.lease_no + 1
    assert second.medium.lost == 1


async def test_heartbeat_and_release_of_a_former_owner_do_nothing(ledger: Ledger) -> None:
    """P8: both carry the lease number."""
    first, second = await take_over(ledger)
    async with ledger.pool.acquire() as connection:
        assert await leases.beat(connection, LEASE, [first.medium], [first.slot]) == (set(), set())
        await leases.release(connection, first.medium)
        await leases.release_slot(connection, first.slot)
        kept = await leases.beat(connection, LEASE, [second.medium], [second.slot])
    assert kept == ({second.medium}, {second.slot})


async def test_whoever_holds_both_the_former_and_the_present_lease_is_told_which_is_lost(ledger: Ledger) -> None:
    """A process that slept took its own over: the former call must end, or two would run in one slot."""
    first, second = await take_over(ledger)
    async with ledger.pool.acquire() as connection:
        kept = await leases.beat(connection, LEASE, [first.medium, second.medium], [first.slot, second.slot])
    assert kept == ({second.medium}, {second.slot})


async def test_a_heartbeat_prolongs_both(ledger: Ledger) -> None:
    await ledger.add()
    held = await claim(ledger)
    assert held is not None
    await expire(ledger)
    async with ledger.pool.acquire() as connection:
        await leases.beat(connection, LEASE, [held.medium], [held.slot])

    assert await claim(ledger) is None


async def test_a_slot_whose_call_was_given_up_stays_taken_for_a_while(ledger: Ledger) -> None:
    """Ollama goes on reading a picture although nobody waits for the answer."""
    await ledger.add()
    held = await claim(ledger, (("host:1", 1),))
    assert held is not None
    async with ledger.pool.acquire() as connection:
        await leases.release(connection, held.medium)
        await leases.release_slot(connection, held.slot, timedelta(seconds=60))
    assert await claim(ledger, (("host:1", 1),)) is None

    await ledger.pool.execute("UPDATE bildwerk.slots SET busy_until = now() - interval '1 s'")
    assert await claim(ledger, (("host:1", 1),)) is not None


async def test_a_medium_that_is_to_be_alone_waits_for_a_whole_host(ledger: Ledger) -> None:
    """After a crash of the model's runner: everybody waits behind it until the host is drained."""
    for number in range(3):
        await ledger.add(f"{number}.jpg", f"f{number}")
    first = await claim(ledger)
    await ledger.pool.execute("UPDATE bildwerk.media SET alone = true, priority = 1 WHERE id = 2")
    assert first is not None
    assert await claim(ledger) is None

    async with ledger.pool.acquire() as connection:
        await leases.release_slot(connection, first.slot)
    alone = await claim(ledger)
    assert alone is not None
    assert (alone.medium.media_id, len(alone.slots)) == (2, 4)
    assert await claim(ledger) is None


async def test_urgent_media_come_first(ledger: Ledger) -> None:
    for number in range(3):
        await ledger.add(f"{number}.jpg", f"f{number}")
    urgent = await ledger.pool.fetchval("UPDATE bildwerk.media SET priority = 50 WHERE id = 3 RETURNING id")

    held = await claim(ledger)
    assert held is not None
    assert held.medium.media_id == urgent


async def test_the_fence_holds_only_for_the_present_lease(ledger: Ledger) -> None:
    """Fences: id, lease number, owned, not deleted."""
    media_id = await ledger.add()
    held = await claim(ledger)
    assert held is not None
    async with ledger.pool.acquire() as connection, connection.transaction():
        assert await leases.fence(connection, held.medium)
        assert not await leases.fence(connection, MediumLease(media_id, held.medium.lease_no - 1, 0))
        await leases.release(connection, held.medium)
        assert not await leases.fence(connection, held.medium)
        assert not (await leases.beat(connection, LEASE, [], [SlotLease("other:1", 0, 1)]))[1]


async def test_behind_the_fence_statements_are_not_planned_again_and_again(ledger: Ledger) -> None:
    """Planning what is known of one medium takes longer than reading it; and only there is the setting another one."""
    await ledger.add()
    held = await claim(ledger)
    assert held is not None
    async with ledger.pool.acquire() as connection:
        before = await count_plans(connection)
        for _ in range(3):
            async with connection.transaction():
                assert await leases.fence(connection, held.medium)
                assert await ledger.planner.load(connection, [held.medium.media_id])
        after = await count_plans(connection)
        assert [now - then for then, now in zip(before, after, strict=True)] == [0, 3]
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"


async def count_plans(connection: Connection) -> tuple[int, int]:
    """How often what is known of media was read by a plan of its own, and by the one that is kept."""
    counted = await connection.fetchrow(
        """SELECT coalesce(sum(custom_plans), 0), coalesce(sum(generic_plans), 0) FROM pg_prepared_statements
        WHERE statement LIKE '%AS picture_format%' AND statement NOT LIKE '%pg_prepared_statements%'"""
    )
    return int(counted[0]), int(counted[1])


@pytest.mark.parametrize("lock_timeout", [Database("").lock_timeout])
async def test_a_heart_beats_although_a_finish_waits_for_the_platform(ledger: Ledger) -> None:
    """A long transaction of a person must not cost leases: who waits for a row gives up its own in time."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.plan(media_id, Force("force-1", ("ollama_caption",)))
    lease = await ledger.claim()
    job = await ledger.start(lease, "ollama_caption")

    async with ledger.pool.acquire() as platform, ledger.pool.acquire() as heart, platform.transaction():
        await heart.execute("SET lock_timeout = '25s'")  # it began to wait a moment after the one that gives up
        await platform.execute("UPDATE media_meta SET value = value WHERE key = 'ollama.caption'")
        finishing = asyncio.create_task(ledger.finish(job, captioned("Dogs in the sun.")))
        async with asyncio.timeout(20):
            while not await ledger.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            kept, _ = await leases.beat(heart, LEASE, [lease], [])
        assert kept == {lease}
        with pytest.raises(asyncpg.LockNotAvailableError):
            await finishing
