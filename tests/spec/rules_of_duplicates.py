"""What the rules promise where two media are concerned at once."""

import asyncio
from typing import Any

from handlers.chain import Chain
from handlers.runner.planning import Planner
from handlers.runner.seeking import Seeker
from tests.spec.album import draw_scene, move, save
from tests.spec.cells import find_stages
from tests.spec.desk import HELD, Desk
from tests.spec.likenesses import (
    HALF,
    JOB,
    KEY,
    called,
    decide,
    follow,
    pairs,
    reports,
    say,
    similar,
    told,
    upload_copy,
)

CAPTION, QUALITY = "ollama_caption", "ollama_quality"


async def tells_of_each_pair_once(desk: Desk) -> None:
    """R1: an event or a force that comes again asks nobody, writes nothing, tells nothing."""
    follow(desk)
    media = await upload_copy(desk, say("same"), say("edited"), scene=50)
    await desk.work()
    first = await reports(desk, media)
    for _ in range(2):
        for media_id in media:
            await desk.plan(media_id)
            await desk.workshop.ledger.touch(media_id)
        await desk.work()
    assert await reports(desk, media) == first
    assert [await told(desk, media_id) for media_id in media] == [["skipped", "done"], ["done"]]
    for _ in range(2):
        await desk.plan(media[1], force="the same pair", job_types=(JOB,))
        await desk.work()
    assert await called(desk, media) == [0, 2]
    assert [report["similar"][0]["relation"] for report in await reports(desk, media)] == ["edited"] * 2
    assert [(await told(desk, media_id))[-2:] for media_id in media] == [["done", "done"]] * 2, "both have changed"
    runs = "SELECT count(*) FROM bildwerk.runs WHERE job_type = $1"
    assert await desk.pool.fetchval(runs, JOB) == 4


async def finds_two_at_once_once(desk: Desk) -> None:
    """R2: two that arrive together and are looked for by several at once are one pair, and one question."""
    follow(desk)
    scene = draw_scene(51)
    media = [await desk.upload(save(picture)) for picture in (scene, scene.resize(HALF))]
    await desk.workshop.inspector.inspect_batch()
    seeker = Seeker(desk.pool, desk.workshop.inspector.planner)
    await asyncio.gather(*(seeker.seek(media_id) for media_id in (*media, *reversed(media))))
    assert [pair for pair in await pairs(desk) if pair[1] in media] == [(*media, "same_picture")]
    await desk.work()
    assert sum(await called(desk, media)) == 1


async def leaves_decisions_of_people_alone(desk: Desk) -> None:
    """R6: force asks nothing where nobody is alike or a person decided, and changes no report that is somebody's."""
    follow(desk)
    alone = await desk.upload(save(draw_scene(52)))
    decided, edited, locked = [
        await upload_copy(desk, say("same"), say("unrelated"), scene=scene) for scene in (53, 54, 55)
    ]
    await desk.work()
    await decide(desk, *decided, same=True)
    await desk.put(edited[1], KEY, {"by": "hand"})
    await desk.put(locked[1], "locks", ["*"])
    await desk.work()
    media = (alone, *decided, *edited, *locked)
    before = [await desk.meta(media_id) for media_id in media]
    for media_id in media:
        await desk.plan(media_id, force="all of it")
    await desk.work()
    after = [await desk.meta(media_id) for media_id in media]
    assert [_without_run(meta) for meta in after] == [_without_run(meta) for meta in before]
    assert await called(desk, media) == [0, 0, 1, 0, 1, 0, 1]
    assert await desk.verdict(alone, JOB) == ("skipped", "no_candidates")


async def keeps_opinions_whatever_is_off(desk: Desk, *writes: str) -> None:
    """R7: the report is no optional write, nor is what was said; who said it is."""
    follow(desk)
    media = await upload_copy(desk, say("edited"))
    await desk.work()
    provenance = {"ollama.model", "ollama.last_run_at"} if "provenance" in writes else set()
    assert [set(await desk.ours(media_id)) for media_id in media] == [{KEY}, {KEY} | provenance], writes
    assert [report["hints"][1:] for report in await reports(desk, media)] == [["edited"]] * 2


async def waits_for_no_failed_referee(desk: Desk) -> None:
    """R8: whoever is like a medium is told when that one's question was skipped or has failed; nobody waits for it."""
    await desk.workshop.heal()
    desk.plan_with(Planner(Chain((*find_stages(QUALITY), *find_stages(JOB)))))
    scene = draw_scene(56)
    older = await desk.upload(save(scene), caption="A boat.", description="A boat on a lake.", **HELD)
    await desk.workshop.inspect()
    newer = await desk.upload(save(move(scene, 30)), **HELD)
    for job_type in (JOB, CAPTION):
        await desk.workshop.fail("broken_json", match={"job": job_type, "media": str(newer)})
    await desk.work()
    for job_type in (JOB, CAPTION):
        assert await desk.verdict(newer, job_type) == ("failed", "not_json")
    for media_id, job_type in ((older, JOB), (older, QUALITY), (newer, QUALITY)):
        assert await desk.verdict(media_id, job_type) == ("done", ""), job_type
    (report,) = await reports(desk, [older])
    assert {*similar(report)} == {newer}
    await desk.workshop.heal()

    third = await desk.upload(save(move(scene, 31)), **HELD, **{KEY: {"by": "hand"}})
    await desk.work()
    assert await desk.verdict(third, JOB) == ("skipped", "kept_for_person")
    (report,) = await reports(desk, [older])
    assert {*similar(report)} == {newer, third}


def _without_run(meta: dict[str, Any]) -> dict[str, Any]:
    """Making a report anew is another run, and no other report."""
    return {key: {**value, "run": None} if key == KEY else value for key, value in meta.items()}
