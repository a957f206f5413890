"""What becomes of pairs, reports and decisions when media go, come back or show something else."""

from itertools import pairwise

import pytest

from bildwerk.duplicates import decide
from tests.gallery import Gallery, Shot


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
