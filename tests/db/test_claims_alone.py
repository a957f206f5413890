"""Claims while a medium is next that is to be alone on a host (decision 6), on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from db import leases
from db.leases import Claim
from db.pool import Connection
from db.queries import load
from handlers.inference.options import READING_SECONDS
from tests.ledger import TEXTS, Ledger

LEASE = timedelta(seconds=60)
ONE, TWO = ("host:1", 2), ("host:2", 2)
CAPTION = "ollama_caption"


@pytest.fixture(autouse=True)
async def two_hosts(ledger: Ledger) -> None:
    async with ledger.pool.acquire() as connection:
        await leases.register_slots(connection, (ONE, TWO))


async def take(
    connection: Connection, *hosts: tuple[str, int], oldest: bool = False, line: Sequence[str] | None = None
) -> Claim | None:
    """Claim in a transaction that is not ended yet."""
    return await leases.claim_in(connection, uuid4(), LEASE, hosts or (ONE, TWO), oldest=oldest, job_types=line)


async def claim(
    ledger: Ledger, *hosts: tuple[str, int], oldest: bool = False, line: Sequence[str] | None = None
) -> Claim | None:
    async with ledger.pool.acquire() as connection:
        return await leases.settle(connection, lambda: take(connection, *hosts, oldest=oldest, line=line))


async def hold(ledger: Ledger, *places: tuple[str, int]) -> None:
    """Long calls of others are under way in these slots (host, number)."""
    taken = "UPDATE bildwerk.slots SET owner = gen_random_uuid(), until = 'infinity' WHERE (host, number) = ($1, $2)"
    for place in places:
        await ledger.pool.execute(taken, *place)


async def die(ledger: Ledger, host: str, number: int, seconds: float) -> None:
    """Whoever held this slot has died: its lease ran out so long ago."""
    died = "UPDATE bildwerk.slots SET owner = gen_random_uuid(), until = now() - $3 * interval '1 s'"
    await ledger.pool.execute(f"{died} WHERE (host, number) = ($1, $2)", host, number, seconds)


async def add(ledger: Ledger, number: int, *, alone: bool = False) -> int:
    """A medium; they are in line in the order in which they are added."""
    media_id = await ledger.add(f"{number}.jpg", f"f{number}")
    await ledger.pool.execute("UPDATE bildwerk.media SET alone = $2 WHERE id = $1", media_id, alone)
    return media_id


async def list_taken(ledger: Ledger) -> list[tuple[str, int]]:
    rows = await ledger.pool.fetch("SELECT host, number FROM bildwerk.slots WHERE owner IS NOT NULL ORDER BY 1, 2")
    return [tuple(row) for row in rows]


async def test_it_gets_the_host_that_is_free_while_another_one_is_busy(ledger: Ledger) -> None:
    await hold(ledger, (ONE[0], 1))
    alone = await add(ledger, 1, alone=True)

    claimed = await claim(ledger)
    assert claimed is not None
    assert claimed.medium.media_id == alone
    assert [(slot.host, slot.number) for slot in claimed.slots] == [(TWO[0], 0), (TWO[0], 1)]


@pytest.mark.parametrize(("seconds", "gets"), [(1, False), (20, False), (31, True)])
@pytest.mark.parametrize("line", [None, [CAPTION]])
async def test_a_call_of_whoever_died_may_go_on_for_a_while(
    ledger: Ledger, seconds: int, gets: bool, line: Sequence[str] | None
) -> None:
    """The server goes on reading; beside that call the medium would not be alone. Others may have the slot at once."""
    await hold(ledger, (TWO[0], 0))
    await die(ledger, ONE[0], 1, seconds)
    alone = await add(ledger, 1, alone=True)

    claimed = await claim(ledger, line=line)
    assert (claimed is not None) is gets
    if not gets:
        await ledger.pool.execute("UPDATE bildwerk.media SET alone = false WHERE id = $1", alone)
        await hold(ledger, (ONE[0], 0))
        claimed = await claim(ledger, line=line)
        assert claimed is not None
        assert claimed.slot.number == 1


async def test_nobody_claims_another_one_while_somebody_tries_to_get_it_a_host(ledger: Ledger) -> None:
    """Else the host on which it waits is never drained: who claims it in vain must not lock it."""
    await hold(ledger, (ONE[0], 0), (TWO[0], 0))
    alone = await add(ledger, 1, alone=True)
    other = await add(ledger, 2)

    async with ledger.pool.acquire() as connection:
        trying = connection.transaction()
        await trying.start()
        assert await take(connection, ONE) is None
        assert await claim(ledger, TWO) is None
        await trying.rollback()
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL") == 0
    assert await list_taken(ledger) == [(ONE[0], 0), (TWO[0], 0)]

    await ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")
    claims = [await claim(ledger), await claim(ledger)]
    assert [c and (c.medium.media_id, len(c.slots)) for c in claims] == [(alone, 2), (other, 1)]


@pytest.mark.parametrize("line", [None, TEXTS])
async def test_it_waits_for_its_turn_like_any_other(ledger: Ledger, line: Sequence[str] | None) -> None:
    """Nobody before it waits for a host; a claim for the longest wait sees who has waited longest."""
    await hold(ledger, (ONE[0], 0), (TWO[0], 0))
    alone = await add(ledger, 1, alone=True)
    urgent = await add(ledger, 2)
    await ledger.pool.execute("UPDATE bildwerk.media SET priority = 5 WHERE id = $1", urgent)

    assert await claim(ledger, oldest=True, line=line) is None
    claimed = await claim(ledger, line=line)
    assert claimed is not None
    assert claimed.medium.media_id == urgent

    waited = "UPDATE bildwerk.media SET owner = NULL, until = NULL, priority = -5, run_at = run_at - interval '1 h'"
    await ledger.pool.execute(f"{waited} WHERE id = $1", urgent)
    assert await claim(ledger, line=line) is None
    claimed = await claim(ledger, oldest=True, line=line)
    assert claimed is not None
    assert claimed.medium.media_id == urgent != alone


async def test_one_whose_lease_ran_out_comes_first_and_gets_any_host_that_is_free(ledger: Ledger) -> None:
    alone = await add(ledger, 1, alone=True)
    assert await claim(ledger, ONE) is not None
    await add(ledger, 2)
    await ledger.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 s' WHERE id = $1", alone)
    await ledger.pool.execute("UPDATE bildwerk.slots SET until = now() - interval '1 s' WHERE owner IS NOT NULL")
    await hold(ledger, (ONE[0], 1), (TWO[0], 0))
    assert await claim(ledger) is None

    await ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL WHERE host = $1", TWO[0])
    claimed = await claim(ledger)
    assert claimed is not None
    assert (claimed.medium.media_id, claimed.medium.lost) == (alone, 1)
    assert [(slot.host, slot.number) for slot in claimed.slots] == [(TWO[0], 0), (TWO[0], 1)]


async def test_a_host_that_was_taken_whole_is_given_back_when_somebody_else_was_faster(ledger: Ledger) -> None:
    """The next one needs one slot of it."""
    alone = await add(ledger, 1, alone=True)
    other = await add(ledger, 2)

    async with ledger.pool.acquire() as faster, faster.transaction():
        await faster.execute("SELECT FROM bildwerk.media WHERE id = $1 FOR UPDATE", alone)
        claimed = await claim(ledger)
    assert claimed is not None
    assert (claimed.medium.media_id, len(claimed.slots)) == (other, 1)
    assert await list_taken(ledger) == [(claimed.slot.host, claimed.slot.number)]
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE until IS NOT NULL") == 1


async def test_one_that_is_met_behind_a_medium_being_claimed_gets_a_whole_host_or_nothing(ledger: Ledger) -> None:
    """It is not seen before, for it is not next; and it has no other slots yet."""
    first = await add(ledger, 1)
    alone = await add(ledger, 2, alone=True)

    async with ledger.pool.acquire() as faster, faster.transaction():
        await faster.execute("SELECT FROM bildwerk.media WHERE id = $1 FOR UPDATE", first)
        await hold(ledger, (ONE[0], 1))
        assert await claim(ledger, ONE) is None
        assert await list_taken(ledger) == [(ONE[0], 1)]
        claimed = await claim(ledger, TWO)
    assert claimed is not None
    assert (claimed.medium.media_id, len(claimed.slots)) == (alone, 2)


async def test_nor_one_with_a_slot_at_which_the_call_of_one_who_died_may_go_on(ledger: Ledger) -> None:
    """That slot was taken for the one before it, who may have it at once."""
    first = await add(ledger, 1)
    await add(ledger, 2, alone=True)

    async with ledger.pool.acquire() as faster, faster.transaction():
        await faster.execute("SELECT FROM bildwerk.media WHERE id = $1 FOR UPDATE", first)
        await die(ledger, ONE[0], 0, 1)
        assert await claim(ledger, (ONE[0], 1)) is None
        await die(ledger, ONE[0], 0, 31)
        assert await claim(ledger, (ONE[0], 1)) is not None


@pytest.mark.parametrize("subject", ["slots", "hosts"])
def test_a_call_goes_on_for_as_long_as_the_server_reads(subject: str) -> None:
    """What is written in the statements is what is known of servers."""
    margins = [text.split("'")[0] for text in "".join(load(subject).values()).split("now() - interval '")[1:]]
    assert set(margins) == {f"{READING_SECONDS:g} s"}
