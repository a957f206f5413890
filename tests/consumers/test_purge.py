"""What is forgotten of deleted media, what stays as a tombstone, and what happens when they come back."""

import asyncio
from datetime import UTC, datetime, timedelta

from consumers.purge import Purge
from contracts.facts import Picture
from db import inspections
from db.inspections import Uninspected
from handlers.runner.planning import Force
from tests.consumers.conftest import until
from tests.ledger import Ledger

CAPTION = "ollama_caption"


def purging(ledger: Ledger, answers_after: timedelta = timedelta(days=180)) -> Purge:
    return Purge(ledger.pool, timedelta(0), answers_after)


async def delete(ledger: Ledger, media_id: int) -> None:
    await ledger.pool.execute("DELETE FROM media WHERE id = $1", media_id)
    await ledger.plan(media_id)


async def test_a_deleted_medium_becomes_a_tombstone(ledger: Ledger) -> None:
    """P22, 28: values, raw answers and the picture go; generations, plan number and lease number stay."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await delete(ledger, media_id)
    before = await ledger.pool.fetchrow("SELECT lease_no, plan_no FROM bildwerk.media")
    assert await purging(ledger).purge_batch() == (1, 0, 0)

    after = await ledger.pool.fetchrow("SELECT lease_no, plan_no, content_hash FROM bildwerk.media")
    assert tuple(after) == (before["lease_no"] + 1, before["plan_no"], None)
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "done"
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.written") == 0
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.pictures") == 0
    assert await ledger.pool.fetchval("SELECT count(raw_answer) FROM bildwerk.runs") == 0
    assert await purging(ledger).purge_batch() == (0, 0, 0)


async def test_nothing_is_purged_under_a_lease(ledger: Ledger) -> None:
    """P22: a worker may still be at it; an expired lease holds nothing up."""
    media_id = await ledger.add()
    await ledger.claim()
    await delete(ledger, media_id)
    assert await purging(ledger).purge_batch() == (0, 0, 0)

    await ledger.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 s'")
    assert await purging(ledger).purge_batch() == (1, 0, 0)


async def test_a_picture_that_another_medium_shows_stays(ledger: Ledger) -> None:
    first, second = await ledger.add("a.jpg", "same"), await ledger.add("b.jpg", "same")
    await delete(ledger, first)
    await purging(ledger).purge_batch()
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.pictures") == 1

    await delete(ledger, second)
    await purging(ledger).purge_batch()
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.pictures") == 0


async def test_events_for_a_tombstone_do_nothing(ledger: Ledger) -> None:
    """P22: forces included."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await delete(ledger, media_id)
    await purging(ledger).purge_batch()
    events = await ledger.events()
    await ledger.plan(media_id)
    await ledger.plan(media_id, Force("late"))

    assert await ledger.events() == events
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 0


async def test_a_medium_that_is_back_is_a_new_generation(ledger: Ledger) -> None:
    """P22, 29: also for jobs that were done, because their values went with the medium."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await delete(ledger, media_id)
    await purging(ledger).purge_batch()
    await ledger.pool.execute("INSERT INTO media (id, path) VALUES ($1, 'a.jpg')", media_id)
    await ledger.plan(media_id)
    await ledger.inspect(media_id, "f1")

    verdict = await ledger.verdict(media_id, CAPTION)
    assert (verdict["status"], verdict["generation"]) == ("due", 1)
    await ledger.caption(media_id, "Back again.")
    assert (await ledger.meta(media_id))["ollama.caption"] == "Back again."

    await delete(ledger, media_id)
    assert await purging(ledger).purge_batch() == (1, 0, 0)


async def test_old_raw_answers_are_forgotten(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    assert await purging(ledger).purge_batch() == (0, 0, 0)
    assert await purging(ledger, answers_after=timedelta(0)).purge_batch() == (0, 1, 0)
    assert await ledger.pool.fetchval("SELECT outcome FROM bildwerk.runs") == "done"


async def test_a_picture_that_an_inspector_just_found_again_is_kept(ledger: Ledger) -> None:
    """Another medium shows the same picture, and its inspection commits while the purge is at it."""
    await delete(ledger, await ledger.add())
    media_id = int(await ledger.pool.fetchval("INSERT INTO media (path) VALUES ('b.jpg') RETURNING id"))
    await ledger.plan(media_id)
    medium = Uninspected(media_id, "b.jpg", "mark", 0, datetime.now(UTC))

    async with ledger.pool.acquire() as connection:
        async with connection.transaction():
            await inspections.settle(connection, medium, "f1", Picture("JPEG", 10, 10, "p"))
            purge = asyncio.create_task(purging(ledger).purge_batch())
            async with asyncio.timeout(5):
                while not await ledger.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.01)
        assert await purge == (1, 0, 0)
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.pictures") == 1


async def test_former_pictures_are_forgotten_after_a_while(ledger: Ledger) -> None:
    """Not a poisonous one, nor one that a medium shows, or a deleted one did: that goes with the medium."""
    media_id = await ledger.add()
    for content_hash in ("f2", "poison", "f3"):
        await ledger.inspect(media_id, content_hash)
    await ledger.pool.execute("UPDATE bildwerk.pictures SET unreadable = 'poison' WHERE content_hash = 'poison'")
    deleted = await ledger.add("b.jpg", "f2")
    await ledger.pool.execute("DELETE FROM media WHERE id = $1", deleted)
    await Purge(ledger.pool, timedelta(days=30), timedelta(days=30)).purge_batch()
    assert await pictures(ledger) == ["f1", "f2", "f3", "poison"]

    await purging(ledger).purge_batch()
    assert await pictures(ledger) == ["f2", "f3", "poison"]
    await ledger.plan(deleted)
    await purging(ledger).purge_batch()
    assert await pictures(ledger) == ["f3", "poison"]
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.pictures WHERE left_at IS NOT NULL") == 0


async def pictures(ledger: Ledger) -> list[str]:
    rows = await ledger.pool.fetch("SELECT content_hash FROM bildwerk.pictures ORDER BY 1")
    return [row["content_hash"] for row in rows]


async def test_it_does_not_rest_while_more_is_to_be_forgotten(ledger: Ledger) -> None:
    """So many answers as come in a minute are forgotten in a minute, whatever the size of a batch."""
    for number in range(3):
        await ledger.caption(await ledger.add(f"{number}.jpg", f"f{number}"))
        await ledger.pool.execute("UPDATE bildwerk.media SET run_at = now() + interval '1 day'")
    purge = Purge(ledger.pool, timedelta(days=30), timedelta(0), pause=3600.0, batch=1)

    async def forgotten() -> bool:
        return not await ledger.pool.fetchval("SELECT count(raw_answer) FROM bildwerk.runs")

    assert not await forgotten()
    stop = asyncio.Event()
    running = asyncio.create_task(purge.run(stop))
    await until(forgotten, 60)
    stop.set()
    await running


async def test_nor_after_pictures_that_stay(ledger: Ledger) -> None:
    """They were looked at: others are due behind them."""
    media_id = await ledger.add()
    for content_hash in ("f2", "f3", "f4"):
        await ledger.inspect(media_id, content_hash)
    await ledger.pool.execute("UPDATE bildwerk.pictures SET unreadable = 'poison' WHERE content_hash IN ('f1', 'f2')")
    await ledger.pool.execute("UPDATE bildwerk.pictures SET left_at = left_at - interval '1 s' WHERE unreadable <> ''")
    purge = Purge(ledger.pool, timedelta(0), timedelta(days=30), pause=3600.0, batch=1)

    async def forgotten() -> bool:
        return await pictures(ledger) == ["f1", "f2", "f4"]

    stop = asyncio.Event()
    running = asyncio.create_task(purge.run(stop))
    await until(forgotten, 60)
    stop.set()
    await running
