"""Looking for duplicates on a real PostgreSQL: newcomers find each other, whoever is slow or dies."""

import asyncio
from dataclasses import replace
from itertools import combinations

import pytest

from db import duplicates, ledger
from tests.gallery import Gallery, Shot
from tests.newcomers import DIFFERING, Newcomer, check_one_pair, looking

STEPS = 3


ORDERS = [tuple(int(at in chosen) for at in range(2 * STEPS)) for chosen in combinations(range(2 * STEPS), STEPS)]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
async def test_two_newcomers_find_each_other_in_whatever_order_their_steps_come(
    gallery: Gallery, order: tuple[int, ...]
) -> None:
    """P24: both inspections are under way at once; then commit, search and pairs of the two interleave."""
    shots = Shot(DIFFERING), Shot(DIFFERING, 1)
    newcomers = [
        Newcomer(gallery, media_id, shot) for media_id, shot in zip(await gallery.upload(*shots), shots, strict=True)
    ]
    for newcomer in newcomers:
        await newcomer.begin()
    steps = [iter((newcomer.commit, newcomer.look, newcomer.tell)) for newcomer in newcomers]
    for who in order:
        await next(steps[who])()

    await check_one_pair(gallery)


@pytest.mark.parametrize("first", [0, 1])
async def test_two_newcomers_that_keep_their_pair_at_the_same_time_keep_one(gallery: Gallery, first: int) -> None:
    media = await gallery.upload(Shot(1), Shot(1, 1))
    await gallery.inspect()
    newcomers = [Newcomer(gallery, media_id, Shot(0)) for media_id in media]
    for newcomer in newcomers:
        await newcomer.look()
    async with gallery.pool.acquire() as other, other.transaction():
        await ledger.lock(other, media)
        telling = []
        for newcomer in (newcomers[first], newcomers[1 - first]):
            telling.append(asyncio.create_task(newcomer.tell()))
            await gallery.ledger.blocked()
    await asyncio.gather(*telling)

    await check_one_pair(gallery)


async def test_a_search_that_somebody_died_over_is_done_after_the_hold(gallery: Gallery) -> None:
    """Between the inspection's commit and the search, or in the search: it is claimed, and nothing comes of it."""
    await gallery.upload(Shot(1), Shot(1, 1))
    await gallery.inspect()
    claimed = await gallery.pool.fetch("UPDATE bildwerk.media SET seek_at = now() + interval '5 min' RETURNING id")
    assert len(claimed) == 2
    newcomer = Newcomer(gallery, 2, Shot(0))
    await newcomer.look()
    assert newcomer.search is not None
    newcomer.search.cancel()
    await asyncio.gather(newcomer.search, return_exceptions=True)

    await gallery.settle()
    assert (await gallery.pairs(), gallery.judge.asked) == ([], [])
    assert await gallery.state(1) == await gallery.state(2) == ("waiting", "search")
    await gallery.pool.execute("UPDATE bildwerk.media SET seek_at = seek_at - interval '5 min'")
    await gallery.settle()

    await check_one_pair(gallery)


async def test_a_claim_of_searches_is_held_for_a_while(gallery: Gallery) -> None:
    await gallery.upload(*(Shot(number) for number in range(10)))
    await gallery.inspect()
    async with gallery.pool.acquire() as connection:
        first = await duplicates.claim(connection, 8, gallery.duplicates.hold)
        second = await duplicates.claim(connection, 8, gallery.duplicates.hold)
        assert (len(first), len(second), len({*first, *second})) == (8, 2, 10)
        assert await duplicates.claim(connection, 8, gallery.duplicates.hold) == []


async def test_a_worker_that_dies_before_it_asks_leaves_the_question_to_another(gallery: Gallery) -> None:
    await gallery.upload(Shot(1), Shot(1, 1))
    await gallery.inspect()
    await gallery.seek()
    assert await gallery.state(2) == ("due", "")
    lease = await gallery.ledger.claim()
    assert lease.media_id == 2
    assert await gallery.work() == 0
    await gallery.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 s' WHERE owner IS NOT NULL")

    await gallery.settle()

    await check_one_pair(gallery)


async def test_what_the_referee_finished_reaches_the_others_whoever_dies(gallery: Gallery) -> None:
    """Who is to be planned is committed with the answer, and is there until somebody's plan is committed."""
    await gallery.upload(Shot(1), Shot(1, 1))
    await gallery.inspect()
    await gallery.seek()
    assert await gallery.work(1) == 1
    assert await gallery.state(1) == ("waiting", "referee")
    assert await gallery.report(1) is None

    broken = replace(gallery.duplicates, planned=lambda _planned: None)
    broken.planner = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        await broken.plan_called()
    assert await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.neighbours") > 0
    await gallery.settle()

    await check_one_pair(gallery)


async def test_what_was_compared_with_older_pixels_takes_no_newer_pair_away(gallery: Gallery) -> None:
    """The other one gets new pixels, and finds this one, while this one's search is still under way."""
    first, second = await gallery.upload(Shot(1), Shot(1, 1))
    await gallery.inspect()
    async with looking(gallery, first):
        await gallery.replace(second, Shot(1, 2))
        await gallery.inspect()
        await gallery.seeker.seek(second)
        assert await gallery.pairs() == [(first, second)]

    assert await gallery.pairs() == [(first, second)]
    await gallery.settle()
    assert await gallery.similar(first) == [second]
    await gallery.check_reports()


async def test_new_pixels_during_a_search_are_looked_for_at_once(gallery: Gallery) -> None:
    first, second = await gallery.bring(Shot(1), Shot(2))
    await gallery.replace(first, Shot(3))
    await gallery.inspect()
    await gallery.pool.execute("UPDATE bildwerk.media SET seek_at = now() + interval '5 min' WHERE id = $1", first)
    async with looking(gallery, first):
        await gallery.replace(first, Shot(2, 1))
        await gallery.inspect()

    await gallery.settle()

    assert await gallery.pairs() == [(first, second)]


async def test_one_that_moves_up_is_looked_for_though_a_search_is_under_way(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.runner.seeking.KEPT", 1)
    media = [(await gallery.bring(Shot(1, number)))[0] for number in range(3)]
    last = media[-1]
    assert last not in await gallery.similar(media[0])
    await gallery.replace(last, Shot(1, 2, tag=1))
    await gallery.inspect()
    async with looking(gallery, last):
        await gallery.delete(media[1])
        await gallery.duplicates.plan_called()

    await gallery.settle()

    assert (media[0], last) in await gallery.pairs()


async def test_an_older_library_is_looked_through_once_its_pictures_are_sketched(gallery: Gallery) -> None:
    """Media that share a file share its picture: it is inspected for the first of them, and for all."""
    media = await gallery.bring(*[Shot(1)] * 3)
    whole = await gallery.pairs()
    await gallery.pool.execute("DELETE FROM bildwerk.duplicate_pairs")
    await gallery.pool.execute("UPDATE bildwerk.pictures SET sketch = NULL, measures_version = 2")
    await gallery.pool.execute("UPDATE bildwerk.media SET sought = NULL, seek_at = now()")
    await gallery.seek()
    assert await gallery.pool.fetchval("SELECT bool_and(sought IS NULL) FROM bildwerk.media")

    await gallery.ledger.plan(media[0])
    await gallery.settle()
    await gallery.pass_time()
    await gallery.settle()

    assert await gallery.pairs() == whole
    assert await gallery.pool.fetchval("SELECT bool_and(sought IS NOT NULL) FROM bildwerk.media")
