"""What is said of several copies, and how often the model is asked about them."""

from datetime import timedelta

from tests.spec.album import NOON, draw_scene, move, photograph, save
from tests.spec.desk import Desk
from tests.spec.likenesses import HALF, JOB, called, decide, reports, say, similar, upload, upload_copy


async def names_the_best_copy(desk: Desk) -> None:
    """Most pixels, then the largest file, then the oldest."""
    scene = draw_scene(2)
    files = [save(scene, compress_level=level) for level in (1, 9, 9)]
    alike = [await desk.upload(file, {"file_size": size}) for file, size in zip(files, (1000, 3000, 3000), strict=True)]
    await desk.work()
    assert [report["keep"] for report in await reports(desk, alike)] == [alike[1]] * 3
    larger = await desk.upload(save(scene.resize((960, 720))), {"file_size": 10})
    await desk.answer(larger, JOB, say("same", "same", "same"))
    await desk.work()
    every = [*alike, larger]
    assert [(report["cluster"], report["keep"]) for report in await reports(desk, every)] == [(every, larger)] * 4


async def hints_at_what_was_said(desk: Desk) -> None:
    """The model's word goes before what pixels prove."""
    for number, (relation, together) in enumerate((("edited", True), ("burst", False), ("variant", False))):
        media = await upload_copy(desk, say(relation), scene=10 + number)
        await desk.work()
        for report in await reports(desk, media):
            assert relation in report["hints"]
            assert report["cluster"] == ([*media] if together else [])
            assert [other["relation"] for other in report["similar"]] == [relation]
    media = await upload_copy(desk, say("unrelated"), scene=13)
    await desk.work()
    (report,) = await reports(desk, media[1:])
    assert (report["cluster"], report["similar"], report["hints"]) == ([], [], [])
    assert await desk.ours(media[0]) == {}, "there is nobody to be told of"


async def follows_the_others(desk: Desk) -> None:
    """Whoever is one picture with one of them is named to all; who is gone or has changed is named no more."""
    first, second = await upload_copy(desk, say("same"), scene=20)
    third, fourth = await upload_copy(desk, say("same"), scene=21)
    await desk.work()
    await decide(desk, second, third, same=True)
    await desk.work()
    media = first, second, third, fourth
    assert [report["cluster"] for report in await reports(desk, media)] == [[*media]] * 4
    assert [{*similar(report)} for report in await reports(desk, (first, second))] == [{second}, {first, third}]
    fifth = await desk.upload(save(draw_scene(21).resize((120, 90))))
    await desk.answer(fifth, JOB, say("same", "same"))
    await desk.workshop.inspect()
    assert (await desk.verdict(first, JOB))[0] == "due", "it is not like the fifth, but one picture with it"
    await desk.work()
    assert [report["cluster"] for report in await reports(desk, media)] == [[*media, fifth]] * 4
    assert await called(desk, (*media, fifth)) == [0, 1, 0, 1, 1]

    await desk.pool.execute("DELETE FROM media WHERE id = $1", fourth)
    await desk.plan(fourth)
    draw_scene(22).save(desk.workshop.folder / f"{desk.pictures}.png")
    await desk.workshop.ledger.touch(fifth)
    await desk.plan(fifth)
    await desk.work()
    assert [report["cluster"] for report in await reports(desk, media[:3])] == [[*media[:3]]] * 3
    (last,) = await reports(desk, [fifth])
    assert (last["cluster"], last["similar"]) == ([], [])


async def asks_by_force_what_it_referees(desk: Desk, older: int, newer: int) -> None:
    """Force asks again, the newer one alone."""
    await desk.plan(older, force="the older one", job_types=(JOB,))
    await desk.work()
    assert await called(desk, (older, newer)) == [0, 1]
    await desk.answer(newer, JOB, say("same"))
    await desk.plan(newer, force="the newer one", job_types=(JOB,))
    await desk.work()
    assert await called(desk, (older, newer)) == [0, 2]
    assert [report["cluster"] for report in await reports(desk, (older, newer))] == [[older, newer]] * 2


async def asks_little_of_a_group(desk: Desk) -> None:
    """A burst of n pictures costs n - 1 calls, with three others at most in each; beyond that it goes by pairs."""
    scene = draw_scene(30)
    burst = await upload(
        desk, *(photograph(move(scene, 25 * place), NOON + timedelta(seconds=place)) for place in range(6))
    )
    with desk.overhear() as heard:
        await desk.work()
    asked = {request.media_id: len(request.pictures) - 1 for request in heard}
    assert asked == dict(zip(burst[1:], (1, 2, 3, 1, 1), strict=True))
    for report in await reports(desk, burst):
        assert {*similar(report)} < {*burst}
        assert "burst" in report["hints"]

    await desk.pool.execute("DELETE FROM media WHERE id = $1", burst[0])
    await desk.plan(burst[0])
    with desk.overhear() as heard:
        await desk.work()
    assert heard == [], "nobody who was left unasked is asked when there is room"
    assert all(burst[0] not in similar(report) for report in await reports(desk, burst[1:]))


async def never_asks_what_a_person_decided(desk: Desk) -> None:
    """Not the first time, and not by force either."""
    whole = draw_scene(40)
    first, second, third = await upload(desk, whole, whole.resize(HALF), move(whole, 30))
    await desk.workshop.inspect()
    await decide(desk, first, second, same=False)
    await decide(desk, first, third, same=True)
    await desk.answer(third, JOB, say("burst"))
    await desk.work()
    assert await called(desk, (first, second, third)) == [0, 0, 1]
    one, two, three = await reports(desk, (first, second, third))
    assert [{*similar(report)} for report in (one, two, three)] == [{third}, {third}, {first, second}]
    assert similar(three)[first]["decision"] == "same"
    assert [one["cluster"], two["cluster"]] == [[first, third], []]

    await decide(desk, second, third, same=False)
    for media_id in (second, third):
        await desk.plan(media_id, force="all of it", job_types=(JOB,))
    await desk.work()
    assert await called(desk, (first, second, third)) == [0, 0, 1]
