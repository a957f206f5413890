"""J5, stage 4: help with duplicates."""

from datetime import timedelta
from typing import Any

from PIL import Image, ImageOps

from tests.spec.album import NOON, draw_horizon, draw_scene, generate, look_alike, move, photograph, save
from tests.spec.cells import Row
from tests.spec.copies import (
    asks_by_force_what_it_referees,
    asks_little_of_a_group,
    follows_the_others,
    hints_at_what_was_said,
    names_the_best_copy,
    never_asks_what_a_person_decided,
)
from tests.spec.desk import Desk
from tests.spec.likenesses import (
    DIFFERENCE,
    HALF,
    JOB,
    KEY,
    called,
    pairs,
    reports,
    say,
    similar,
    told,
    upload,
    upload_copy,
)
from tests.spec.promises import fails_at_once_on_invalid_json, fails_with, needs_no_more_than

ROW = Row("J5", JOB)
GRANTS = {"media": "SELECT", "media_meta": "SELECT, INSERT, UPDATE"}
PHASHES = "00ff00ff00ff00ff", "00ff00ff00ff00f8"
TURNED = {
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipped": Image.Transpose.FLIP_TOP_BOTTOM,
    "turned 180": Image.Transpose.ROTATE_180,
}
PROVENANCE = {"ollama.model", "ollama.last_run_at"}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, hash and pHash when present, similar media (hash matches).

    The others' pictures come along after the medium's own, named by letters, with what was measured. The platform's
    hashes lead to media, too, and are told.
    """
    scene = draw_scene(1)
    views = {name: scene.transpose(how) for name, how in TURNED.items()}
    *_, newest = await upload(desk, *views.values(), scene)
    with desk.overhear() as heard:
        await desk.work()
    (asked,) = [request for request in heard if request.media_id == newest]
    own, *others = asked.pictures
    assert look_alike(own, scene)
    for alias, shown in zip("ABC", others, strict=True):
        (line,) = [line for line in asked.text.splitlines() if f'"measured {alias}"' in line]
        (name,) = [name for name in views if f"one is {name}" in line]
        assert look_alike(shown, views[name]), alias
        assert "hashes differ by " in line
        assert "library" not in line
        assert f"picture {alias}" in asked.text

    bare = await upload(desk, draw_horizon(), draw_horizon().resize(HALF))
    await desk.work()
    assert [await desk.verdict(media_id, JOB) for media_id in bare] == [("skipped", "flat_picture")] * 2
    horizon = draw_horizon().transpose(Image.Transpose.ROTATE_90)
    for columns, said in (
        ([{"hash": "ab12"}, {"hash": "AB12"}], "file hashes are the same"),
        ([{"phash": value} for value in PHASHES], "library's perceptual hashes differ by 3 bits"),
    ):
        await desk.upload(save(horizon), columns[0])
        await desk.workshop.inspect()
        newer = await desk.upload(save(horizon.resize(HALF)), columns[1])
        with desk.overhear() as heard:
            await desk.work()
        (asked,) = [request for request in heard if request.media_id == newer]
        assert [look_alike(shown, horizon) for shown in asked.pictures] == [True, True]
        assert said in asked.text
        horizon = horizon.transpose(Image.Transpose.ROTATE_180)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.duplicate_assist` (similarity clusters, hints).

    Of both media concerned: of the older one without a question, and again when something changes about the others.
    """
    older, newer = await upload_copy(desk, say("same", keep="other"))
    await desk.work()
    mine, theirs = await reports(desk, (newer, older))
    runs = {row["media_id"]: row["id"] for row in await desk.pool.fetch("SELECT id, media_id FROM bildwerk.runs")}
    assert await called(desk, (older, newer)) == [0, 1]
    assert (mine["version"], mine["run"], theirs["run"]) == (1, runs[newer], runs[older])
    assert [(report["cluster"], report["keep"]) for report in (mine, theirs)] == [([older, newer], older)] * 2
    assert (mine["hints"], theirs["hints"]) == (["better_copy_exists"], ["best_copy"])
    for report, other, better in ((mine, older, "other"), (theirs, newer, "this")):
        (named,) = report["similar"]
        evidence = named.pop("evidence")
        assert (evidence["bits"], evidence["turn"], evidence["moved"]) == (0, "as_is", 0.0)
        assert named == {
            "media_id": other, "level": "same_picture", "relation": "same", "better": better, "reason": DIFFERENCE,
        }  # fmt: skip
    assert set(await desk.ours(newer)) == {KEY} | PROVENANCE
    assert set(await desk.ours(older)) == {KEY}

    (first,) = await upload(desk, draw_scene(3))
    await desk.work()
    (twin,) = await upload(desk, draw_scene(3))
    await desk.workshop.inspect()
    assert [await desk.verdict(media_id, JOB) for media_id in (first, twin)] == [("due", "")] * 2, "both at once"
    await names_the_best_copy(desk)
    await hints_at_what_was_said(desk)
    await follows_the_others(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media`, `media_meta`: the first is only read."""

    async def add_copy(**known: Any) -> int:
        scene = draw_scene(1)
        await upload(desk, scene)
        return await desk.upload(save(scene.resize(HALF)), **known)

    await needs_no_more_than(desk, JOB, GRANTS, add_copy)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Only when duplicate candidates exist."""
    scene, noon = draw_scene(1), photograph(move(draw_scene(2), 0), NOON)
    cases: dict[str, tuple[Image.Image | bytes, Image.Image | bytes]] = {
        "same_bytes": (save(scene), save(scene)),
        "same_pixels": (save(draw_scene(3)), save(draw_scene(3), compress_level=1)),
        "same_picture": (draw_scene(4), ImageOps.mirror(draw_scene(4).resize(HALF))),
        "same_moment": (noon, photograph(move(draw_scene(2), 60), NOON + timedelta(seconds=1))),
        "same_prompt": (generate(draw_scene(5), 42), generate(draw_scene(6), 42)),
        "near": (move(draw_scene(7), 0), move(draw_scene(7), 30)),
    }
    alone = await upload(desk, draw_scene(8), generate(draw_scene(9), 43))
    media = {level: await upload(desk, *pair) for level, pair in cases.items()}
    for _, newer in media.values():
        await desk.answer(newer, JOB, say("variant"))
    await desk.work()
    assert await pairs(desk) == [(*both, level) for level, both in media.items()]
    assert [await desk.verdict(media_id, JOB) for media_id in alone] == [("skipped", "no_candidates")] * 2
    assert await called(desk, alone) == [0, 0]
    for level, both in media.items():
        assert [await desk.verdict(media_id, JOB) for media_id in both] == [("done", "")] * 2, level
        assert await called(desk, both) == [0, level not in ("same_bytes", "same_pixels")], level
        assert [[other["level"] for other in r["similar"]] for r in await reports(desk, both)] == [[level]] * 2
        assert [await told(desk, media_id) for media_id in both] == [["skipped", "done"], ["done"]], level

    before = await desk.workshop.calls()
    for media_id in (*alone, *(one for both in media.values() for one in both)):
        await desk.plan(media_id)
    await desk.work()
    assert await desk.workshop.calls() == before
    await asks_by_force_what_it_referees(desk, *media["near"])
    await asks_little_of_a_group(desk)
    await never_asks_what_a_person_decided(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """No candidates: no-op. Also under force; and a failed question keeps nobody else from being told."""
    alone = await desk.upload(save(draw_scene(1)))
    await desk.work()
    await desk.plan(alone, force="all the same", job_types=(JOB,))
    await desk.work()
    assert await desk.verdict(alone, JOB) == ("skipped", "no_candidates")
    assert await desk.ours(alone) == {}
    assert await desk.pool.fetchval("SELECT count(*) FROM bildwerk.runs") == 0
    assert await told(desk, alone) == ["skipped", "skipped"], "a force is answered"

    scene = draw_scene(2)
    older, newer = await upload(desk, move(scene, 0), move(scene, 60))
    await desk.workshop.fail("broken_json", match={"job": JOB, "media": str(newer)}, next=1)
    await desk.work()
    assert [await desk.verdict(media_id, JOB) for media_id in (older, newer)] == [("done", ""), ("failed", "not_json")]
    (report,) = await reports(desk, [older])
    assert ({*similar(report)}, report["cluster"], report["hints"]) == ({newer}, [], ["undecided"])
    assert await desk.ours(newer) == {}

    async def add_copy() -> int:
        return (await upload_copy(desk))[1]

    await fails_at_once_on_invalid_json(desk, JOB, add_copy)
    good = say("same")
    wrong: dict[str, dict[str, Any]] = {
        "nobody": {"others": []},
        "another word": say("alike"),
        "another picture": {"others": [{**good["others"][0], "alias": "D"}]},
        "no better one": {"others": [{key: good["others"][0][key] for key in ("alias", "difference", "relation")}]},
        "more fields": {"others": [{**good["others"][0], "certain": True}]},
    }
    await fails_with(desk, JOB, wrong, "wrong_shape", add_copy)
    twice = {"others": good["others"] * 2}
    await fails_with(desk, JOB, {"twice": twice, "one too many": say("same", "same")}, "candidate_overlooked", add_copy)

    async def add_third() -> int:
        await upload_copy(desk, say("same"), scene=desk.pictures)
        return await desk.upload(save(draw_scene(desk.pictures - 2).resize((120, 90))))

    await fails_with(desk, JOB, {"one of two": good, "the same one twice": twice}, "candidate_overlooked", add_third)
