"""Clusters, and what a person's word on two media leads to, on a real PostgreSQL."""

import asyncio

import pytest

from bildwerk.duplicates import Cluster, Decided, Undecidable, decide, list_clusters, read_known
from contracts.duplicates import Level
from db.clusters import list_open
from db.facts import read_likenesses
from db.ledger import lock
from handlers.stages.duplicate_assist import REPORT
from tests.gallery import Gallery, Shot
from tests.ledger import Ledger


@pytest.fixture
def gallery(ledger: Ledger) -> Gallery:
    """Return an empty library."""
    return Gallery(ledger)


async def say(gallery: Gallery, one: int, other: int, *, same: bool) -> Decided:
    """Decide as a person does, and let everything come of it."""
    decided = await decide(gallery.pool, gallery.planner, one, other, same=same)
    await gallery.settle()
    return decided


async def find(gallery: Gallery, level: Level | None = None, limit: int = 50) -> tuple[list[Cluster], int]:
    async with gallery.pool.acquire() as connection:
        return await list_clusters(connection, level, limit)


async def left(gallery: Gallery, level: Level | None = None, limit: int = 50) -> tuple[list[tuple[int, int]], int]:
    """The pairs that are left to a person."""
    async with gallery.pool.acquire() as connection:
        pairs, total = await list_open(connection, level, limit)
    return [(pair.one, pair.other) for pair in pairs], total


async def test_a_cluster_begins_with_the_best_copy_and_says_what_connects_the_others(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("edited", "this")
    small, large, same_file = await gallery.bring(Shot(1), Shot(1, pixels=9), Shot(1, pixels=9))
    (told,) = await gallery.bring(Shot(2))
    await gallery.bring(Shot(3))
    await say(gallery, told, small, same=True)

    (cluster,), total = await find(gallery)

    assert total == 1
    assert [copy.media_id for copy in cluster.copies] == [large, same_file, small, told]
    assert [(link.one, link.other, link.level, link.relation, link.decision) for link in cluster.links] == [
        (large, same_file, Level.SAME_BYTES, None, None),
        (small, large, Level.SAME_PICTURE, "edited", None),
        (small, told, Level.TOLD, None, True),
    ]


async def test_clusters_are_chosen_by_level_and_counted(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("same", "this")
    first = await gallery.bring(Shot(1), Shot(1))
    await gallery.bring(Shot(2), Shot(2, pixels=1))
    third = await gallery.bring(Shot(3), Shot(3))

    found, total = await find(gallery, Level.SAME_BYTES)
    assert [[copy.media_id for copy in cluster.copies] for cluster in found] == [first, third]
    assert total == 2
    assert len((await find(gallery, limit=2))[0]) == 2
    assert (await find(gallery, limit=2))[1] == 3
    assert await find(gallery, Level.NEAR) == ([], 0)


async def test_same_makes_one_of_two_that_were_not_found_alike(gallery: Gallery) -> None:
    one, other = await gallery.bring(Shot(1), Shot(2))
    assert await gallery.state(other) == ("skipped", "no_candidates")

    decided = await say(gallery, other, one, same=True)

    assert decided == Decided(other, one, True, None, (one, other), (one, other), (), (), ())
    for media_id, its_other in ((one, other), (other, one)):
        report = await gallery.report(media_id)
        assert report is not None
        assert report["cluster"] == [one, other]
        assert report["similar"] == [{"media_id": its_other, "level": "told", "evidence": {}, "decision": "same"}]
    assert gallery.judge.asked == []
    await gallery.check_quiet()


async def test_different_takes_two_apart_and_the_whole_group_hears_of_it(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("same", "this")
    media = await gallery.bring(Shot(1), Shot(1, pixels=1), Shot(1, pixels=2))
    one, two, three = media
    assert [(await gallery.report(m) or {})["cluster"] for m in media] == [media] * 3

    decided = await say(gallery, one, three, same=False)

    assert (decided.before, decided.apart, decided.torn) == (None, (), ())
    assert (decided.cluster, decided.other_cluster) == ((one, two), (three,))
    assert [(await gallery.report(m) or {})["cluster"] for m in media] == [[one, two], [one, two], []]
    assert await gallery.similar(one) == [two]
    assert [len(cluster.copies) for cluster in (await find(gallery))[0]] == [2]
    await gallery.check_quiet()


async def test_others_hear_of_it_also_where_nothing_is_written_for_those_two(gallery: Gallery) -> None:
    media = await gallery.bring(Shot(1), Shot(1, tag=1), Shot(1, tag=2))
    one, two, three = media
    for media_id in (one, three):
        await gallery.put(media_id, REPORT, "mine")

    await say(gallery, one, three, same=False)

    assert (await gallery.report(two) or {})["cluster"] == [one, two]


async def test_it_waits_for_whoever_works_on_one_of_the_two(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))

    async with gallery.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await lock(connection, [one])
        deciding = asyncio.ensure_future(decide(gallery.pool, gallery.planner, two, one, same=True))
        await gallery.ledger.blocked()
        await connection.execute("UPDATE bildwerk.media SET deleted_at = now() WHERE id = $1", one)
        await transaction.commit()

    with pytest.raises(Undecidable, match="was deleted"):
        await deciding
    assert await gallery.pairs() == []


async def test_a_decision_is_never_asked_again_and_the_later_one_counts(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("burst", "neither")
    one, two = await gallery.upload(Shot(1), Shot(1, pixels=1))
    await gallery.inspect()
    await gallery.seek()
    await say(gallery, one, two, same=True)
    await gallery.force(two)
    await gallery.settle()
    assert gallery.judge.asked == []

    decided = await say(gallery, two, one, same=False)

    assert decided.before is True
    assert gallery.judge.asked == []
    assert [await gallery.similar(m) for m in (one, two)] == [[], []]
    assert (await say(gallery, two, one, same=False)).before is False


async def test_a_decision_holds_until_the_pixels_change(gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("same", "this")
    one, two = await gallery.bring(Shot(1), Shot(1, pixels=1))
    await say(gallery, one, two, same=False)

    await gallery.replace(two, Shot(1, pixels=1, tag=7))
    await gallery.settle()
    assert await gallery.similar(one) == []

    asked = len(gallery.judge.asked)
    await gallery.replace(two, Shot(1, pixels=2))
    await gallery.settle()
    assert await gallery.similar(one) == [two]
    assert len(gallery.judge.asked) == asked + 1


async def test_contradictions_are_named(gallery: Gallery) -> None:
    one, two, three = await gallery.bring(Shot(1), Shot(2), Shot(3))
    await say(gallery, one, two, same=True)
    await say(gallery, one, three, same=False)

    decided = await say(gallery, two, three, same=True)

    assert (decided.cluster, decided.other_cluster) == ((one, two), (three,))
    assert [(edge.one, edge.other) for edge in decided.apart] == [(one, three)]
    assert [(edge.one, edge.other) for edge in decided.torn] == [(two, three)]

    decided = await say(gallery, one, three, same=True)
    assert (decided.before, decided.apart, decided.torn) == (False, (), ())
    assert decided.cluster == (one, two, three)

    decided = await say(gallery, one, three, same=False)
    assert decided.before is True
    assert (decided.cluster, decided.other_cluster) == ((one, two), (three,))
    assert decided.apart == ()
    assert [(edge.one, edge.other) for edge in decided.torn] == [(two, three)]
    await gallery.check_quiet()


async def test_what_cannot_be_decided(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))
    await gallery.delete(two)
    (unnamed,) = [await gallery.pool.fetchval("INSERT INTO media (path) VALUES ('x.jpg') RETURNING id")]
    (broken,) = await gallery.bring(Shot(4))
    await gallery.pool.execute("UPDATE bildwerk.media SET unreadable = 'truncated_picture' WHERE id = $1", broken)
    (unseen,) = await gallery.upload(Shot(3))
    before = await gallery.fingerprint()

    for media_id, words in (
        (one, "is one medium, not two"),
        (two, "was deleted"),
        (unseen, "the picture has not been looked at yet"),
        (unnamed, "no event ever named it"),
        (broken, "the file ends before its picture does"),
    ):
        with pytest.raises(Undecidable, match=words):
            await decide(gallery.pool, gallery.planner, one, media_id, same=True)
    assert await gallery.fingerprint() == before


async def test_a_picture_that_is_to_be_looked_at_anew_is_named(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))
    await gallery.replace(two, Shot(2, tag=1))

    decided = await decide(gallery.pool, gallery.planner, one, two, same=True)

    assert decided.moved == (two,)


async def test_left_to_a_person_is_what_nobody_could_tell(gallery: Gallery) -> None:
    said = {"0": "burst", "1": "same"}
    gallery.judge.opinion = lambda content_hash: (said.get(content_hash.split("-")[2], "unrelated"), "this")
    contradicted = await gallery.bring(Shot(1), Shot(1, pixels=1))  # the same picture, says the eye; the model not
    burst = await gallery.bring(Shot(2, moment=1), Shot(2, pixels=1, moment=2))  # a moment, which the model joins
    await gallery.bring(Shot(3), Shot(3))
    await gallery.bring(Shot(4, moment=0), Shot(4, pixels=1, moment=3))

    assert await left(gallery) == ([tuple(contradicted), tuple(burst)], 2)
    assert await left(gallery, limit=1) == ([tuple(contradicted)], 2)
    assert await left(gallery, Level.SAME_MOMENT) == ([tuple(burst)], 1)

    await say(gallery, *contradicted, same=True)
    assert await left(gallery) == ([tuple(burst)], 1)


async def test_near_ones_are_left_to_a_person_once_the_model_need_not_be_waited_for(gallery: Gallery) -> None:
    one, two = await gallery.upload(Shot(1), Shot(1, pixels=1))
    await gallery.inspect()
    await gallery.seek()
    await gallery.pool.execute("UPDATE bildwerk.duplicate_pairs SET level = 'near'")
    assert await left(gallery) == ([], 0)

    await gallery.pool.execute("UPDATE bildwerk.duplicate_pairs SET closed = true")
    assert await left(gallery) == ([(one, two)], 1)


async def test_two_people_at_once(gallery: Gallery) -> None:
    media = await gallery.bring(*[Shot(motif) for motif in range(6)])
    pairs = [(media[place], media[(place + 1) % 6]) for place in range(6)]

    await asyncio.gather(
        *(decide(gallery.pool, gallery.planner, *pair, same=True) for pair in pairs + [p[::-1] for p in pairs])
    )
    await gallery.settle()

    assert [(await gallery.report(m) or {})["cluster"] for m in media] == [media] * 6
    await gallery.check_quiet()


async def test_what_is_known_of_one(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(1))
    async with gallery.pool.acquire() as connection:
        known = await read_known(connection, one)
        likeness = (await read_likenesses(connection, [one]))[one]

    assert (known.media_id, known.path, known.deleted, known.unreadable) == (one, await gallery.path(one), False, None)
    assert known.likeness == likeness
    assert {copy.media_id for copy in known.copies} == {one, two}
    assert REPORT in await gallery.ledger.meta(one)
