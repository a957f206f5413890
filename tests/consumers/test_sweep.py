"""The sweep: facts that moved without an event, one sweeper at a time, and silence where nothing moved."""

import asyncio

from consumers.sweep import Sweep
from handlers.runner.outcomes import Planned
from tests.ledger import Ledger


def sweeping(ledger: Ledger, batch: int = 200) -> tuple[Sweep, list[Planned]]:
    heard: list[Planned] = []
    return Sweep(ledger.pool, ledger.planner, heard.append, pause=1.0, batch=batch), heard


async def test_a_value_that_was_added_without_an_event_is_seen(ledger: Ledger) -> None:
    """P18: a meta value moves no mark; the sweep plans all facts of every known medium."""
    media_id = await ledger.add()
    for key in ("ollama.caption", "ollama.description"):
        await ledger.pool.execute("INSERT INTO media_meta VALUES (1, $1, $2)", key, "mine")
    sweep, _ = sweeping(ledger)
    await sweep.sweep_slice()

    verdict = await ledger.verdict(media_id, "ollama_caption")
    assert (verdict["status"], verdict["reason"]) == ("skipped", "kept_for_person")


async def test_a_medium_that_was_deleted_without_an_event_is_closed(ledger: Ledger) -> None:
    """26."""
    media_id = await ledger.add()
    await ledger.pool.execute("DELETE FROM media")
    sweep, _ = sweeping(ledger)
    await sweep.sweep_slice()

    assert (await ledger.verdict(media_id, "ollama_title"))["reason"] == "media_deleted"
    assert await ledger.pool.fetchval("SELECT due FROM bildwerk.media") == []


async def test_a_picture_that_was_replaced_without_an_event_is_to_be_inspected(ledger: Ledger) -> None:
    """P7: the mark moved; until it is looked at, the medium is not claimable and its verdicts stay."""
    media_id = await ledger.add()
    before = dict(await ledger.verdict(media_id, "ollama_caption"))
    await ledger.touch(media_id)
    sweep, heard = sweeping(ledger)
    await sweep.sweep_slice()

    assert heard[0].uninspected == 1
    assert dict(await ledger.verdict(media_id, "ollama_caption")) == before
    assert await ledger.pool.fetchval("SELECT due FROM bildwerk.media") == []


async def test_slices_go_through_everything_and_start_over(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.add(f"{number}.jpg", f"f{number}")
    sweep, _ = sweeping(ledger, batch=2)

    assert [await sweep.sweep_slice() for _ in range(5)] == [2, 2, 1, 0, 2]


async def test_one_process_sweeps_at_a_time_and_another_goes_on_where_it_died(ledger: Ledger) -> None:
    for number in range(4):
        await ledger.add(f"{number}.jpg", f"f{number}")
    (first, _), (second, _) = sweeping(ledger, batch=2), sweeping(ledger, batch=2)
    assert await first.sweep_slice() == 2
    assert await second.sweep_slice() == 0

    await ledger.pool.execute("UPDATE bildwerk.watches SET until = now() - interval '1 s'")
    assert await second.sweep_slice() == 2
    assert await ledger.pool.fetchval("SELECT cursor FROM bildwerk.watches") == 4


async def test_a_quiet_library_stays_quiet(ledger: Ledger) -> None:
    """I18: sweeping what did not move writes nothing and emits nothing."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    rows = "SELECT m.xmin::text, j.xmin::text FROM bildwerk.media AS m JOIN bildwerk.jobs AS j ON j.media_id = m.id"
    before, events = await ledger.pool.fetch(rows), await ledger.events()
    sweep, heard = sweeping(ledger)
    for _ in range(6):
        await sweep.sweep_slice()

    assert await ledger.pool.fetch(rows) == before
    assert await ledger.events() == events
    assert not any(planned.changed for planned in heard)


async def test_it_ends_when_told(ledger: Ledger) -> None:
    sweep, _ = sweeping(ledger)
    stop = asyncio.Event()
    running = asyncio.create_task(sweep.run(stop))
    stop.set()
    await asyncio.wait_for(running, 5)
