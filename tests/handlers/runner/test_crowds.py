"""Many media that are alike: what is compared, kept and told of them, and that more is said to be there."""

from collections.abc import Sequence

import pytest

from db import likenesses
from db.duplicates import EQUAL
from db.pool import Connection
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from tests.gallery import Gallery, Shot
from tests.newcomers import DIFFERING


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
