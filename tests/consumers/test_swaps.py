"""Claims where job types ask different models, on a real PostgreSQL."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from consumers.model_choice import SwapLimits
from consumers.swaps import Swaps
from db import hosts, leases
from db.leases import Claim
from handlers.models import Models
from handlers.runner.planning import Planner
from tests.ledger import HOST, Ledger, choose

CAPTION, TITLE = "ollama_caption", "ollama_title"
LINES = {"first": (CAPTION,), "second": (TITLE,)}
SWAPS = Swaps(LINES, lambda _host: LINES, SwapLimits(media=2, seconds=3600.0))
OTHER = ("host:2", 4)


@pytest.fixture(autouse=True)
def two_models(ledger: Ledger) -> None:
    chain = choose(CAPTION, TITLE, models=Models("first", {TITLE: "second"}))
    ledger.planner = Planner(chain)
    assert dict(chain.lines) == LINES


async def claim(ledger: Ledger, *available: tuple[str, int], swaps: Swaps = SWAPS) -> Claim | None:
    there = available or (HOST,)
    async with ledger.pool.acquire() as connection:
        await leases.register_slots(connection, there)
        await hosts.register(connection, [name for name, _ in there])
        return await swaps.claim(connection, uuid4(), timedelta(seconds=60), there)


async def give_back(ledger: Ledger, *claims: Claim | None) -> None:
    async with ledger.pool.acquire() as connection:
        for claimed in claims:
            assert claimed is not None
            await leases.release(connection, claimed.medium)
            await leases.release_slot(connection, claimed.slot)


async def wait_for_title(ledger: Ledger, number: int = 0) -> int:
    """A medium that is captioned, and in line for the other model."""
    media_id = await ledger.add(f"t{number}.jpg", f"t{number}")
    written = (
        "INSERT INTO media_meta SELECT $1, key, '\"By somebody\"' FROM unnest('{caption,description}'::text[]) AS key"
    )
    await ledger.pool.execute(written, media_id)
    await ledger.plan(media_id)
    assert await ledger.pool.fetchval("SELECT due FROM bildwerk.media WHERE id = $1", media_id) == [TITLE]
    return media_id


async def test_a_host_runs_one_model_and_is_drained_before_it_swaps(ledger: Ledger) -> None:
    titled = await wait_for_title(ledger)
    for number in range(3):
        await ledger.add(f"{number}.jpg", f"f{number}")
    first, second = await claim(ledger), await claim(ledger)
    assert first is not None
    assert second is not None
    assert (first.model, second.model) == ("first", "first")
    assert titled not in {first.medium.media_id, second.medium.media_id}

    assert await claim(ledger) is None, "it had its turn, and makes room"
    await give_back(ledger, first)
    assert await claim(ledger) is None, "a call may still be under way"
    await give_back(ledger, second)
    swapped = await claim(ledger)
    assert swapped is not None
    assert (swapped.model, swapped.medium.media_id) == ("second", titled)
    assert await claim(ledger) is None, "the others wait for the model that was here before"


async def test_many_claim_at_once_and_a_host_never_runs_two(ledger: Ledger) -> None:
    for number in range(4):
        await wait_for_title(ledger, number)
        await ledger.add(f"{number}.jpg", f"f{number}")
    claims = [c for c in await asyncio.gather(*(claim(ledger, HOST, OTHER) for _ in range(12))) if c is not None]

    assert len(claims) == 8, "nothing that is due waits while a slot is free"
    assert len({(c.slot.host, c.model) for c in claims}) == 2
    assert {c.model for c in claims} == {"first", "second"}


async def test_an_expired_lease_is_taken_up_by_the_model_it_is_in_line_for(ledger: Ledger) -> None:
    titled = await wait_for_title(ledger)
    lost = await claim(ledger)
    assert lost is not None
    for table in ("media", "slots"):
        await ledger.pool.execute(
            f"UPDATE bildwerk.{table} SET until = now() - interval '1 s' WHERE owner IS NOT NULL"  # noqa: S608
        )
    again = await claim(ledger)
    assert again is not None
    assert (again.medium.media_id, again.model) == (titled, "second")


async def test_the_call_of_a_process_that_died_may_go_on_for_a_while(ledger: Ledger) -> None:
    """Its slot is free for the model that it asked, and no other is loaded under it."""
    titled = await wait_for_title(ledger)
    gone = await ledger.add("a.jpg", "f1")
    lost = await claim(ledger)
    assert lost is not None
    assert (lost.medium.media_id, lost.model) == (gone, "first")
    await ledger.pool.execute("UPDATE bildwerk.media SET deleted_at = now(), due = '{}' WHERE id = $1", gone)
    await ledger.pool.execute("UPDATE bildwerk.media SET owner = NULL, until = NULL WHERE id = $1", gone)
    expire = "UPDATE bildwerk.slots SET until = now() - $1::interval WHERE owner IS NOT NULL"
    await ledger.pool.execute(expire, timedelta(seconds=1))
    assert await claim(ledger) is None
    await ledger.pool.execute(expire, timedelta(seconds=31))
    swapped = await claim(ledger)
    assert swapped is not None
    assert (swapped.medium.media_id, swapped.model) == (titled, "second")


async def test_a_model_that_no_host_has_keeps_nobody_else_waiting(ledger: Ledger) -> None:
    await wait_for_title(ledger)
    media_id = await ledger.add("a.jpg", "f1")
    lacking = Swaps(LINES, lambda _host: ("first",), SwapLimits(media=1))
    claimed = await claim(ledger, swaps=lacking)
    assert claimed is not None
    assert claimed.medium.media_id == media_id
    await give_back(ledger, claimed)
    again = await claim(ledger, swaps=lacking)
    assert again is not None, "it had its turn, but who waits waits for a model that is not here"
    await give_back(ledger, again)


async def test_a_reserved_host_begins_nothing_until_it_was_taken_whole(ledger: Ledger) -> None:
    await ledger.add("a.jpg", "f1")
    await give_back(ledger, await claim(ledger))
    async with ledger.pool.acquire() as connection:
        await hosts.reserve(connection, HOST[0], timedelta(seconds=60))
    assert await claim(ledger) is None
    async with ledger.pool.acquire() as connection:
        whole = await leases.claim_host(connection, uuid4(), timedelta(seconds=60), *HOST)
        assert whole is not None
        assert len(whole) == HOST[1]
        await hosts.serve(connection, HOST[0], "second", media=0)
        for slot in whole:
            await leases.release_slot(connection, slot)
    claimed = await claim(ledger)
    assert claimed is not None
    assert claimed.model == "first"


async def test_a_host_that_has_run_a_model_for_long_makes_room_however_few_media_it_had(ledger: Ledger) -> None:
    """The time counts from the swap, not from the last claim."""
    slow = Swaps(LINES, SWAPS.serves, SwapLimits(media=100, seconds=60.0))
    for number in range(3):
        await ledger.add(f"{number}.jpg", f"f{number}")
    await give_back(ledger, await claim(ledger, swaps=slow))
    await ledger.pool.execute("UPDATE bildwerk.hosts SET since = since - interval '1 hour'")
    await give_back(ledger, await claim(ledger, swaps=slow))
    titled = await wait_for_title(ledger)
    claimed = await claim(ledger, swaps=slow)
    assert claimed is not None
    assert claimed.medium.media_id == titled


async def test_a_lease_that_ran_out_with_nothing_due_is_given_back(ledger: Ledger) -> None:
    """Its owner died between the last finish and giving back: nobody is in line with it."""
    media_id = await ledger.add("a.jpg", "f1")
    await claim(ledger)
    await ledger.pool.execute(
        "UPDATE bildwerk.media SET due = '{}', until = now() - interval '1 s' WHERE id = $1", media_id
    )
    assert await claim(ledger) is None
    row = await ledger.pool.fetchrow("SELECT owner, lost FROM bildwerk.media WHERE id = $1", media_id)
    assert (row["owner"], row["lost"]) == (None, 1)


async def test_a_host_that_drains_for_a_medium_that_is_to_be_alone_keeps_no_other_waiting(ledger: Ledger) -> None:
    titled = [await wait_for_title(ledger, number) for number in range(2)]
    first = await claim(ledger, OTHER)
    assert first is not None
    assert first.model == "second"
    await ledger.add("a.jpg", "f1")
    assert await claim(ledger, HOST) is not None
    alone = await ledger.add("b.jpg", "f2")
    await ledger.pool.execute("UPDATE bildwerk.media SET alone = true WHERE id = $1", alone)
    second = await claim(ledger, HOST, OTHER)
    assert second is not None
    assert second.medium.media_id in titled


async def test_nobody_slips_past_a_medium_that_is_to_be_alone_while_it_is_tried_at_another_host(ledger: Ledger) -> None:
    """Two processes, each of which can ask one of the hosts only: neither is kept busy by media behind it."""
    held = []
    for number, host in enumerate((HOST, OTHER)):
        await ledger.add(f"{number}.jpg", f"f{number}")
        held.append(await claim(ledger, host))
    alone = await ledger.add("alone.jpg", "f8")
    await ledger.add("later.jpg", "f9")
    await ledger.pool.execute("UPDATE bildwerk.media SET alone = true WHERE id = $1", alone)

    async with ledger.pool.acquire() as one, ledger.pool.acquire() as other:
        trying = one.transaction()
        await trying.start()
        await hosts.lock(one, [HOST])
        lease = timedelta(seconds=60)
        taking = leases.claim_in(one, uuid4(), lease, [HOST], oldest=False, job_types=(CAPTION,))
        assert await taking is None
        assert await SWAPS.claim(other, uuid4(), lease, [OTHER]) is None
        await trying.rollback()

    assert held[0] is not None
    async with ledger.pool.acquire() as connection:
        await leases.release_slot(connection, held[0].slot)
    claimed = await claim(ledger, HOST, OTHER)
    assert claimed is not None
    assert (claimed.medium.media_id, claimed.slot.host, len(claimed.slots)) == (alone, HOST[0], HOST[1])


async def test_a_host_that_lost_a_model_does_not_keep_others_from_making_room_for_it(ledger: Ledger) -> None:
    """What a host ran last says nothing when it cannot be asked for that any more."""
    titled = await wait_for_title(ledger)
    await give_back(ledger, await claim(ledger, HOST))
    serves = {HOST[0]: ("third",), OTHER[0]: ("first", "second")}
    lost = Swaps(LINES, serves.__getitem__, SwapLimits(media=1))
    for number in range(2):
        await ledger.add(f"{number}.jpg", f"f{number}")
    await ledger.pool.execute(
        "UPDATE bildwerk.media SET owner = NULL, until = NULL, priority = 1 WHERE id <> $1", titled
    )
    async with ledger.pool.acquire() as connection:
        await hosts.register(connection, [OTHER[0]])
        await hosts.serve(connection, OTHER[0], "first")

    claimed = await claim(ledger, HOST, OTHER, swaps=lost)
    assert claimed is not None
    assert (claimed.slot.host, claimed.model, claimed.medium.media_id) == (OTHER[0], "second", titled)
