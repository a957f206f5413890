"""Who asks the model about a pair, how often, and what people say meanwhile, on a real PostgreSQL."""

from dataclasses import replace

import pytest

from db import duplicates, ledger
from tests.gallery import Gallery, Shot


async def test_other_pixels_are_asked_about_anew_and_other_metadata_is_not(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _: ("edited", "other")
    first, second = await gallery.bring(Shot(1), Shot(1, 1))
    asked = gallery.judge.asked
    assert len(asked) == 1

    for tag, media_id in enumerate((first, second, second, first), 1):
        shot = gallery.shelf.files[await gallery.path(media_id)]
        await gallery.replace(media_id, replace(shot, tag=tag))
        await gallery.settle()
        assert len(asked) == 1
        assert (await gallery.report(second) or {})["similar"][0]["relation"] == "edited"
        await gallery.check_reports()

    await gallery.replace(first, Shot(1, 5))
    await gallery.settle()
    assert [who for who, _ in asked] == [second, first], "whose pixels came later"
    await gallery.replace(first, Shot(7))
    await gallery.settle()
    assert len(asked) == 2
    assert await gallery.similar(second) == []
    assert await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.duplicate_pairs") == 0
    await gallery.replace(first, Shot(1, 5))
    await gallery.settle()
    assert len(asked) == 3
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_a_referee_that_fails_does_not_hold_up_the_others(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _: ("nonsense", "this")
    first, second = await gallery.bring(Shot(1), Shot(1, 1))
    while (await gallery.state(second))[0] == "due":
        await gallery.pass_time()
        await gallery.settle()

    assert (await gallery.state(second))[0] == "failed"
    assert await gallery.similar(first) == [second]
    await gallery.check_reports({second})
    gallery.judge.opinion = lambda _: ("same", "this")
    await gallery.force(second)
    await gallery.settle()
    assert (await gallery.report(first) or {})["similar"][0]["relation"] == "same"
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_force_asks_again_and_is_a_no_op_without_candidates(gallery: Gallery) -> None:
    first, second, lonely = await gallery.bring(Shot(1), Shot(1, 1), Shot(2))
    gallery.judge.opinion = lambda _: ("same", "this")
    for media_id in (first, second, lonely):
        await gallery.force(media_id)
        await gallery.settle()

    assert [who for who, _ in gallery.judge.asked] == [second, second]
    assert await gallery.state(lonely) == ("skipped", "no_candidates")
    assert (await gallery.report(first) or {})["similar"][0]["relation"] == "same"
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_a_person_who_decides_during_the_call_is_not_overruled(gallery: Gallery) -> None:
    first, second = await gallery.upload(Shot(1), Shot(1, 1))

    async def decide(_question: object) -> None:
        async with gallery.pool.acquire() as connection, connection.transaction():
            await ledger.lock(connection, [first, second])
            assert await duplicates.decide(connection, first, second, same=False)
            await duplicates.call(connection, [first, second])

    gallery.judge.before = decide
    gallery.judge.opinion = lambda _: ("same", "this")
    await gallery.settle()

    assert len(gallery.judge.asked) == 1
    assert [await gallery.similar(media_id) for media_id in (first, second)] == [[], []]
    row = await gallery.pool.fetchrow("SELECT relation, closed FROM bildwerk.duplicate_pairs")
    assert tuple(row) == (None, False)
    await gallery.check_reports()
    await gallery.check_quiet()


@pytest.mark.parametrize("key", ["locks", "ollama.duplicate_assist"])
async def test_a_person_s_value_stays_and_the_others_are_told(gallery: Gallery, key: str) -> None:
    first, second = await gallery.upload(Shot(1), Shot(1, 1))
    value = "duplicate_assist" if key == "locks" else {"mine": True}
    await gallery.put(second, key, value)
    await gallery.settle()
    await gallery.force(second)
    await gallery.settle()

    assert gallery.judge.asked == []
    assert await gallery.state(second) == ("skipped", "kept_for_person")
    assert await gallery.report(second) == (None if key == "locks" else value)
    assert await gallery.similar(first) == [second]
    await gallery.check_reports({second})
    await gallery.check_quiet()


async def test_a_value_that_a_person_writes_during_the_call_is_kept_and_the_opinion_too(gallery: Gallery) -> None:
    first, second = await gallery.upload(Shot(1), Shot(1, 1))

    async def write(_question: object) -> None:
        await gallery.put(second, "ollama.duplicate_assist", {"mine": True})

    gallery.judge.before = write
    await gallery.settle()

    assert await gallery.state(second) == ("done", "kept")
    assert await gallery.report(second) == {"mine": True}
    assert (await gallery.report(first) or {})["similar"][0]["relation"] == "burst"
    await gallery.check_quiet()


BURST = 12


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("relation", ["burst", "same", "unrelated"])
async def test_a_burst_costs_a_call_for_each_but_one(gallery: Gallery, relation: str, at_once: bool) -> None:
    """Runs without a model: about two each when all come at once; one by one, everybody is told of each newcomer."""
    gallery.judge.opinion = lambda _: (relation, "this")
    shots = [Shot(1, number, moment=number) for number in range(BURST)]
    for some in [shots] if at_once else [[shot] for shot in shots]:
        await gallery.bring(*some)

    assert len(gallery.judge.asked) <= BURST - 1
    assert max(len(shown) for _, shown in gallery.judge.asked) <= 3
    runs = await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.runs")
    assert runs - len(gallery.judge.asked) <= (2 * BURST if at_once else BURST * BURST)
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_nobody_is_asked_about_because_another_is_gone(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.runner.seeking.KEPT", 2)
    media = [(await gallery.bring(Shot(1, number)))[0] for number in range(6)]
    asked = len(gallery.judge.asked)
    assert asked == 5

    await gallery.delete(media[2])
    await gallery.settle()

    assert len(gallery.judge.asked) == asked
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_whoever_came_later_asks_in_whatever_order_media_arrive(gallery: Gallery) -> None:
    """A burst that arrives the newest first costs no more calls than one that arrives the oldest first."""
    media = await gallery.upload(*(Shot(1, number) for number in range(6)))
    await gallery.pool.execute("UPDATE bildwerk.media SET inspect_at = now() + interval '1 h'")
    for media_id in reversed(media):
        await gallery.pool.execute("UPDATE bildwerk.media SET inspect_at = now() WHERE id = $1", media_id)
        await gallery.settle()

    assert [who for who, _ in gallery.judge.asked] == list(reversed(media[:-1]))
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_an_older_medium_is_told_of_a_copy_that_nobody_has_to_ask_about(gallery: Gallery) -> None:
    """P24: whoever is in a pair is planned in the transaction that keeps it: no referee's end would tell."""
    (first,) = await gallery.bring(Shot(1))
    assert await gallery.state(first) == ("skipped", "no_candidates")
    (second,) = await gallery.bring(Shot(1, tag=1))

    assert gallery.judge.asked == []
    assert [await gallery.similar(media_id) for media_id in (first, second)] == [[second], [first]]
    await gallery.check_quiet()


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("first", ["neighbour", "newcomer"])
async def test_a_newcomer_asks_though_another_search_for_one_that_moves_up_meets_it(
    gallery: Gallery, first: str, *, newer: bool
) -> None:
    """A neighbour is looked for again because one is gone; whoever came meanwhile is no one that moved up."""
    other, gone, neighbour = await gallery.bring(Shot(9), Shot(1), Shot(1, 1))
    asked = len(gallery.judge.asked)
    await gallery.delete(gone)
    while await gallery.duplicates.plan_called():
        pass
    if newer:
        (newcomer,) = await gallery.upload(Shot(1, 2))
    else:
        newcomer = other
        await gallery.replace(newcomer, Shot(1, 2))
    await gallery.inspect()
    await gallery.seeker.seek(neighbour if first == "neighbour" else newcomer)
    await gallery.settle()

    assert [who for who, _ in gallery.judge.asked[asked:]] == [newcomer]
    await gallery.check_reports()
    await gallery.check_quiet()
