"""Looking for duplicates on a real PostgreSQL: whoever comes, goes or changes meanwhile, pairs are found and told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import combinations

import pytest

from bildwerk.duplicates import decide
from db import duplicates, inspections, ledger
from db.duplicates import EQUAL
from db.inspections import Uninspected
from db.pool import Connection
from handlers.runner.planning import Planned, Planner, PlanRequest
from handlers.runner.seeking import Seeker, index_picture
from tests.gallery import Gallery, Shot
from tests.ledger import Ledger


@pytest.fixture
def gallery(ledger: Ledger) -> Gallery:
    """Return an empty library."""
    return Gallery(ledger)


@dataclass
class Newcomer:
    """One medium on its way, step by step: its inspection's transaction, its search, its pairs."""

    gallery: Gallery
    media_id: int
    shot: Shot
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    search: "asyncio.Task[Planned] | None" = None

    def __post_init__(self) -> None:
        self.seeker = Seeker(self.gallery.pool, self.gallery.planner)

    async def begin(self) -> None:
        """All of the inspection but its commit."""
        pool = self.gallery.pool
        row = await pool.fetchrow(
            "SELECT now(), path, bildwerk.source_mark(path, updated_at, hash) AS mark FROM media WHERE id = $1",
            self.media_id,
        )
        connection = await self.exits.enter_async_context(pool.acquire())
        await self.exits.enter_async_context(connection.transaction())
        await ledger.lock(connection, [self.media_id])
        medium = Uninspected(self.media_id, row["path"], row["mark"], 0, row["now"])
        await inspections.settle(connection, medium, self.shot.content_hash, self.shot.picture)
        await index_picture(connection, self.shot.content_hash)
        await self.gallery.planner.plan_media(connection, [PlanRequest(self.media_id)])

    async def commit(self) -> None:
        await self.exits.aclose()

    async def look(self) -> None:
        """Search, up to where candidates are compared."""
        await self.seeker.turns.acquire()
        self.search = asyncio.create_task(self.seeker.seek(self.media_id))
        async with asyncio.timeout(10):
            while not self.seeker.turns._waiters and not self.search.done():
                await asyncio.sleep(0)

    async def tell(self) -> None:
        """Compare, and keep the pairs."""
        assert self.search is not None
        self.seeker.turns.release()
        await self.search


@asynccontextmanager
async def looking(gallery: Gallery, media_id: int) -> AsyncIterator[None]:
    """What happens inside comes after the candidates were read, and before pairs are kept."""
    newcomer = Newcomer(gallery, media_id, Shot(0))
    await newcomer.look()
    yield
    await newcomer.tell()


STEPS = 3
DIFFERING = 11
"""A motif whose pictures with other pixels have other hashes: the same ones would be written one after the other."""
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


async def check_one_pair(gallery: Gallery) -> None:
    """One pair, one question, and both know."""
    assert await gallery.pairs() == [(1, 2)]
    await gallery.settle()
    asked = [who for who, _ in gallery.judge.asked]
    assert asked == [await gallery.pool.fetchval("SELECT referee FROM bildwerk.duplicate_pairs")]
    assert [await gallery.similar(media_id) for media_id in (1, 2)] == [[2], [1]]
    assert [await gallery.state(media_id) for media_id in (1, 2)] == [("done", "")] * 2
    await gallery.check_reports()
    await gallery.check_quiet()


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


async def test_reports_of_the_others_are_cleaned_when_one_is_deleted(gallery: Gallery) -> None:
    await gallery.bring(Shot(1), Shot(1, 1), Shot(1, 2))
    assert await gallery.similar(1) == [2, 3]

    await gallery.delete(2)
    await gallery.settle()
    assert [await gallery.similar(media_id) for media_id in (1, 3)] == [[3], [1]]
    await gallery.delete(3)
    await gallery.settle()

    assert await gallery.similar(1) == []
    assert (await gallery.report(1) or {})["cluster"] == []
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_a_medium_that_comes_back_finds_who_came_while_it_was_away(gallery: Gallery) -> None:
    (first,) = await gallery.bring(Shot(1))
    row = await gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", first)
    await gallery.delete(first)
    (second,) = await gallery.bring(Shot(1, 1))
    assert await gallery.pairs() == []

    await gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
    await gallery.ledger.plan(first)
    await gallery.settle()

    assert await gallery.pairs() == [(first, second)]
    assert [await gallery.similar(media_id) for media_id in (first, second)] == [[second], [first]]
    await gallery.check_reports()


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


async def test_one_that_was_left_out_moves_up_when_another_is_gone(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.runner.seeking.KEPT", 2)
    media = [(await gallery.bring(Shot(1, number)))[0] for number in range(4)]
    last = media[-1]
    assert await gallery.similar(last) == media[1:3]
    assert (await gallery.report(last) or {})["left_out"] == 1
    assert "more_left_out" in (await gallery.report(last) or {})["hints"]

    await gallery.delete(media[2])
    await gallery.settle()

    assert await gallery.similar(last) == media[:2]
    assert (await gallery.report(last) or {})["left_out"] == 0
    await gallery.check_reports()
    await gallery.check_quiet()


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


CROWD = 80


async def test_a_crowd_is_connected_by_a_chain(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flat pictures, all the same: nobody is asked; pairs, plans and runs grow with their number, not its square."""
    planned: list[int] = []
    plan_media = Planner.plan_media

    async def count(self: Planner, connection: Connection, requests: Sequence[PlanRequest]) -> Planned:
        planned.append(len(requests))
        return await plan_media(self, connection, requests)

    media = await gallery.upload(*(Shot(1, tag=number, flat=True) for number in range(CROWD)))
    await gallery.inspect()
    monkeypatch.setattr(Planner, "plan_media", count)
    await gallery.settle()

    assert gallery.judge.asked == []
    assert await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.duplicate_pairs") <= EQUAL * CROWD
    for media_id in media:
        report = await gallery.report(media_id) or {}
        assert EQUAL <= len(report["similar"]) <= 3 * EQUAL
        assert media_id in report["cluster"]
        assert "large_group" in report["hints"]
    runs = await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.runs")
    assert runs <= 3 * CROWD
    assert sum(planned) <= 40 * CROWD
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_a_file_that_is_away_for_one_look_costs_neither_a_call_nor_a_decision(gallery: Gallery) -> None:
    one, two, three = await gallery.bring(Shot(1), Shot(1, 1), Shot(2))
    await decide(gallery.pool, gallery.planner, one, three, same=True)
    await gallery.settle()
    before, asked = await gallery.pairs(), list(gallery.judge.asked)
    assert before == [(one, two), (one, three)]
    path = await gallery.path(one)

    for shot in (None, gallery.shelf.files[path]):
        if shot is None:
            del gallery.shelf.files[path]
        else:
            gallery.shelf.files[path] = shot
        await gallery.ledger.touch(one)
        await gallery.ledger.plan(one)
        await gallery.settle()
        assert await gallery.similar(two) == ([one] if shot else [])

    assert (await gallery.pairs(), gallery.judge.asked) == (before, asked)
    await gallery.check_reports()


async def test_a_decision_holds_again_once_the_pixels_are_back(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))
    await decide(gallery.pool, gallery.planner, one, two, same=True)
    for shot, together in ((Shot(3), []), (Shot(1, tag=1), [(one, two)])):
        await gallery.replace(one, shot)
        await gallery.settle()
        assert await gallery.pairs() == together
    await gallery.check_reports()


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
    """Whoever is in a pair is planned in the transaction that keeps it: no referee's end would tell."""
    (first,) = await gallery.bring(Shot(1))
    assert await gallery.state(first) == ("skipped", "no_candidates")
    (second,) = await gallery.bring(Shot(1, tag=1))

    assert gallery.judge.asked == []
    assert [await gallery.similar(media_id) for media_id in (first, second)] == [[second], [first]]
    await gallery.check_quiet()
