"""Looking for duplicates on a real PostgreSQL: whoever comes, goes or changes meanwhile, pairs are found and told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import combinations, pairwise

import pytest

from bildwerk.duplicates import decide
from db import duplicates, inspections, ledger, likenesses, purge
from db.duplicates import EQUAL
from db.inspections import Uninspected
from db.pool import Connection
from handlers.runner.planning import Planned, Planner, PlanRequest
from handlers.runner.seeking import Seeker
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
    """P24: whoever is in a pair is planned in the transaction that keeps it: no referee's end would tell."""
    (first,) = await gallery.bring(Shot(1))
    assert await gallery.state(first) == ("skipped", "no_candidates")
    (second,) = await gallery.bring(Shot(1, tag=1))

    assert gallery.judge.asked == []
    assert [await gallery.similar(media_id) for media_id in (first, second)] == [[second], [first]]
    await gallery.check_quiet()


async def chain(gallery: Gallery, *, told: bool) -> list[int]:
    """Four that are one picture, each over the next only: by a person's word, or by pixels, as of crops."""
    media = await gallery.bring(*(Shot(20 + number) for number in range(4)))
    for one, other in pairwise(media):
        if told:
            await decide(gallery.pool, gallery.planner, one, other, same=True)
            continue
        await gallery.pool.execute(
            "INSERT INTO bildwerk.duplicate_pairs"
            " (one, other, one_pixels, other_pixels, level, evidence, referee, closed)"
            " SELECT m.id, n.id, c.pixel_hash, d.pixel_hash, 'same_picture', '{}', n.id, true"
            " FROM bildwerk.media AS m JOIN bildwerk.pictures AS c ON c.content_hash = m.content_hash,"
            " bildwerk.media AS n JOIN bildwerk.pictures AS d ON d.content_hash = n.content_hash"
            " WHERE m.id = $1 AND n.id = $2",
            one, other,
        )  # fmt: skip
    await gallery.sweep()
    await gallery.settle()
    assert [(await gallery.report(media_id) or {})["cluster"] for media_id in media] == [media] * 4
    return media


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("how", ["replaced", "unreadable", "poison", "deleted", "replaced and deleted"])
async def test_whoever_was_joined_over_a_medium_is_told_when_that_shows_something_else(
    gallery: Gallery, how: str, *, told: bool
) -> None:
    first, second, third, last = await chain(gallery, told=told)
    if how.startswith("replaced"):
        await gallery.replace(second, Shot(40))
    elif how == "unreadable":
        del gallery.shelf.files[await gallery.path(second)]
        await gallery.ledger.touch(second)
        await gallery.ledger.plan(second)
    elif how == "poison":
        gallery.shelf.files[await gallery.path(second)] = Shot(50)
        await gallery.pool.execute(
            "INSERT INTO bildwerk.pictures (content_hash, unreadable) VALUES ($1, 'poison')", Shot(50).content_hash
        )
        await gallery.ledger.touch(second)
        await gallery.ledger.plan(second)
    if how.endswith("deleted"):
        await gallery.inspect()
        await gallery.delete(second)
    await gallery.settle()

    reports = [await gallery.report(media_id) or {} for media_id in (first, third, last)]
    assert [(report["cluster"], report["keep"]) for report in reports] == [
        ([], None), ([third, last], third), ([third, last], third),
    ]  # fmt: skip
    await gallery.check_reports()
    await gallery.check_quiet()


async def test_a_medium_that_can_no_longer_be_read_is_a_copy_of_nobody(gallery: Gallery) -> None:
    """What it said of the picture it had would be believed: that another copy is there, and is to be kept."""
    one, two = await gallery.bring(Shot(1), Shot(1, tag=1))
    alone, person = await gallery.bring(Shot(2), Shot(3))
    await gallery.put(person, "ollama.duplicate_assist", {"mine": True})
    shots = {}
    for media_id in (two, alone, person):
        shots[media_id] = gallery.shelf.files.pop(await gallery.path(media_id))
        await gallery.ledger.touch(media_id)
        await gallery.ledger.plan(media_id)
    await gallery.settle()

    nobody = {"version": 1, "cluster": [], "keep": None, "similar": [], "left_out": 0, "hints": []}
    assert await gallery.report(two) == nobody
    assert (await gallery.report(alone), await gallery.report(person)) == (None, {"mine": True})
    assert await gallery.state(two) == ("done", "")
    assert [await gallery.state(media_id) for media_id in (alone, person)] == [("skipped", "unreadable_picture")] * 2
    assert await gallery.report(one) == nobody
    await gallery.check_quiet()

    gallery.shelf.files[await gallery.path(two)] = shots[two]
    await gallery.ledger.touch(two)
    await gallery.ledger.plan(two)
    await gallery.settle()
    assert [await gallery.similar(media_id) for media_id in (one, two)] == [[two], [one]]
    assert gallery.judge.asked == []


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


async def indexed(gallery: Gallery) -> set[str]:
    """Content hashes of the pictures in the index, whose hashes are those that pictures have."""
    unused = "SELECT FROM bildwerk.perceptual_hashes EXCEPT ALL SELECT FROM bildwerk.picture_hashes LIMIT 1"
    assert await gallery.pool.fetch(unused) == []
    rows = await gallery.pool.fetch(
        "SELECT DISTINCT content_hash FROM bildwerk.picture_hashes AS e"
        " JOIN bildwerk.pictures AS p ON p.number = e.picture"
    )
    return {row["content_hash"] for row in rows}


async def kept(gallery: Gallery) -> set[str]:
    return {row["content_hash"] for row in await gallery.pool.fetch("SELECT content_hash FROM bildwerk.pictures")}


async def forget(gallery: Gallery, after: timedelta = timedelta(0)) -> None:
    async with gallery.pool.acquire() as connection, connection.transaction():
        await purge.purge_media(connection, after, 100)
    async with gallery.pool.acquire() as connection, connection.transaction():
        await purge.purge_pictures(connection, after, 100)


async def test_the_index_holds_what_living_media_show_and_pictures_go_with_the_purge(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(1))
    for number in range(2, 8):
        await gallery.replace(one, Shot(number))
        await gallery.settle()
        assert await indexed(gallery) == {Shot(number).content_hash, Shot(1).content_hash}
    await gallery.replace(two, Shot(8, flat=True))
    await gallery.settle()
    assert await indexed(gallery) == {Shot(7).content_hash}

    former = {Shot(number).content_hash for number in range(1, 7)}
    shown = {Shot(7).content_hash, Shot(8, flat=True).content_hash}
    await forget(gallery, timedelta(days=30))
    assert await kept(gallery) == former | shown, "pixels may come back"
    await gallery.replace(two, Shot(3))
    await gallery.settle()
    await forget(gallery)
    assert await kept(gallery) == {Shot(7).content_hash, Shot(3).content_hash}

    await gallery.delete(one)
    await gallery.settle()
    assert await indexed(gallery) == {Shot(3).content_hash}
    del gallery.shelf.files[await gallery.path(two)]
    await gallery.ledger.touch(two)
    await gallery.ledger.plan(two)
    await gallery.settle()
    assert await indexed(gallery) == set()
    await forget(gallery)
    assert await kept(gallery) == set()
    assert await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.perceptual_hashes") == 0


async def test_a_picture_that_comes_back_is_found_again(gallery: Gallery) -> None:
    """F1, F2, F1; and a medium that comes back as it was, which nobody inspects."""
    (one,) = await gallery.bring(Shot(DIFFERING))
    for shot in (Shot(2), Shot(DIFFERING)):
        await gallery.replace(one, shot)
        await gallery.settle()
    await forget(gallery)
    assert await gallery.pool.fetchval("SELECT left_at FROM bildwerk.pictures") is None
    row = await gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", one)
    await gallery.delete(one)
    await gallery.settle()
    assert await indexed(gallery) == set()
    await gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
    await gallery.ledger.plan(one)
    await gallery.settle()
    assert await indexed(gallery) == {Shot(DIFFERING).content_hash}

    (two,) = await gallery.bring(Shot(DIFFERING, 1))
    assert await gallery.pairs() == [(one, two)]


async def test_a_medium_that_is_back_before_it_left_the_index_stays(gallery: Gallery) -> None:
    (one,) = await gallery.bring(Shot(1))
    row = await gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", one)
    await gallery.delete(one)
    await gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
    await gallery.ledger.plan(one)
    while await gallery.duplicates.plan_called():
        pass

    assert await indexed(gallery) == {Shot(1).content_hash}


async def test_pictures_that_are_exchanged_by_many_at_once_stay_in_step_with_the_index(gallery: Gallery) -> None:
    """P23: pictures are locked in order, then hashes: none locks another up, and none is left behind."""
    media = await gallery.bring(*(Shot(number % 3) for number in range(8)))
    for turn in range(6):
        for place, media_id in enumerate(media):
            await gallery.replace(media_id, Shot((place + turn) % 4, (place * turn) % 2))
        await asyncio.gather(gallery.inspect(), gallery.seek(), gallery.seek())
        await gallery.settle()
        shown = {gallery.shelf.files[await gallery.path(media_id)].content_hash for media_id in media}
        assert await indexed(gallery) == shown

    await forget(gallery)
    assert await kept(gallery) == shown


async def test_media_that_show_a_picture_that_is_alike_are_found_or_counted(gallery: Gallery) -> None:
    (subject,) = await gallery.bring(Shot(2))
    copies = await gallery.bring(*[Shot(DIFFERING, 5)] * 5)
    await gallery.delete(copies.pop())
    await gallery.settle()
    await gallery.replace(subject, Shot(DIFFERING, 1))
    await gallery.settle()

    report = await gallery.report(subject) or {}
    assert (len(report["similar"]), report["left_out"]) == (2, 2)
    (third,) = await gallery.bring(Shot(DIFFERING, 5, tag=1))
    await gallery.replace(subject, Shot(DIFFERING, 1, tag=1))
    await gallery.settle()
    report = await gallery.report(subject) or {}
    assert third in await gallery.similar(subject)
    assert (len(report["similar"]), report["left_out"]) == (3, 2), "whoever is told of is not left out"


CROWDED = likenesses.SHOWN + 4


async def test_a_crowd_that_is_not_compared_is_said_and_is_not_called_alike(gallery: Gallery) -> None:
    """A platform gives thousands one perceptual hash: they are as unlike as before."""
    await gallery.bring(*(Shot(100 + number) for number in range(CROWDED)))
    await gallery.pool.execute("UPDATE media SET phash = '0000000000000000', updated_at = now()")
    await gallery.sweep()
    await gallery.settle()
    path = "crowded.jpg"
    gallery.shelf.files[path] = Shot(1)
    media_id = await gallery.pool.fetchval(
        "INSERT INTO media (path, phash) VALUES ($1, '0000000000000000') RETURNING id", path
    )
    await gallery.ledger.plan(media_id)
    await gallery.settle()

    assert await gallery.state(media_id) == ("skipped", "crowd")
    assert await gallery.report(media_id) is None
    await gallery.check_quiet()
    await gallery.bring(Shot(1, tag=1))
    report = await gallery.report(media_id) or {}
    assert (report["left_out"], report["hints"]) == (0, ["best_copy", "crowd"])


async def test_a_flat_picture_is_said_to_be_one(gallery: Gallery) -> None:
    (one,) = await gallery.bring(Shot(1, flat=True))
    assert await gallery.state(one) == ("skipped", "flat_picture")
    (two,) = await gallery.bring(Shot(1, tag=1, flat=True))
    for media_id in (one, two):
        assert "flat_picture" in (await gallery.report(media_id) or {})["hints"]
    await gallery.replace(one, Shot(2))
    await gallery.settle()
    assert (await gallery.report(one) or {})["hints"] == []
    await gallery.check_reports()
    await gallery.check_quiet()
