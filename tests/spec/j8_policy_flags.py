"""J8, stage 7: policy flags."""

from typing import Any

from bildwerk.arguments import make_planner
from bildwerk.settings import Settings
from tests.spec.cells import Row
from tests.spec.desk import HELD, Desk
from tests.spec.promises import fails_with, needs_each_of, needs_no_more_than

JOB, QUALITY, SCORES = "ollama_policy_flags", "ollama_quality", "ollama_score_multi"
ROW = Row("J8", JOB)
KEY = "ollama.policy_flags"
SETTINGS = {"database_url": "postgresql://db/media", "policy_when": "staging"}
TEXTS: dict[str, Any] = {"caption": "A boat.", "description": "A boat on a lake.", "title": "The boat", **HELD}
AXES = ("aesthetic", "completeness", "compliance", "fidelity", "novelty")
QUALITY_RESULT = {"status": "ok", "grade": "A", "score": 0.95, "defects": []}
SCORE_RESULT = {axis: {"score": 0.8, "level": "good"} for axis in AXES}
SCANNED: dict[str, Any] = {**TEXTS, "scan.nsfw": 0.01}
GOOD: dict[str, Any] = {**SCANNED, "ollama.quality": QUALITY_RESULT, "ollama.scores": SCORE_RESULT}
CLOSE = {**GOOD, "scan.nsfw": 0.25}
"""Near enough to a limit that the rules want a second look."""
GRANTS = {
    "media": "SELECT",
    "media_meta": "SELECT, INSERT, UPDATE",
    "media_tags": "SELECT",
    "prompt_history": "SELECT",
    "tags": "SELECT",
}
WRITES = {
    "quality": {"media": "UPDATE (quality_status, quality_score)"},
    "events": {"media_lifecycle_events": "INSERT"},
}


async def decided(desk: Desk, media_id: int) -> tuple[bool, bool, str | None]:
    """Publishable, needs_review, blocked_reason."""
    flags = (await desk.ours(media_id))[KEY]
    return flags["publishable"], flags["needs_review"], flags["blocked_reason"]


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Quality result, score result, NSFW flags: each decides, and a flag names it with its value."""
    fine = await desk.add(**GOOD)
    worse = {
        "quality.status": ("defect", {**GOOD, "ollama.quality": {**QUALITY_RESULT, "status": "defect"}}),
        "scores.compliance": (0.0, {**GOOD, "ollama.scores": {**SCORE_RESULT, "compliance": {"score": 0.0}}}),
        "nsfw": (0.9, {**GOOD, "scan.nsfw": 0.9}),
    }
    media = {name: await desk.add(**known) for name, (_, known) in worse.items()}
    with desk.overhear() as heard:
        await desk.work()
        assert heard == [], "rules that are sure ask nobody"
        close = await desk.add(**CLOSE)
        await desk.work()
    assert await decided(desk, fine) == (True, False, None)
    for name, media_id in media.items():
        publishable, _, reason = await decided(desk, media_id)
        (flag,) = (await desk.ours(media_id))[KEY]["flags"]
        assert (publishable, reason) == (False, flag["rule"]), name
        assert worse[name][0] in flag["inputs"][name].values(), name

    (question,) = heard
    assert question.media_id == close
    assert not [message for message in question.body["messages"] if "images" in message]
    for figure in ("nsfw is 0.25", "grade A", "score 0.95", "compliance 0.80"):
        assert figure in question.text, figure
    assert "boat" not in question.text, "what anybody wrote is not for it"

    own = await desk.add("navy", **SCANNED)
    await desk.work()
    assert await decided(desk, own) == (False, True, "quality"), "our own results are read too"


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.policy_flags` (publishable, needs_review, blocked_reason).

    Optionally `media.quality_status` and a lifecycle event. A model's objection makes a decision stricter, never laxer.
    """
    for objection, expected in (
        ("none", (True, False, None)),
        ("review", (False, True, None)),
        ("block", (False, False, "second_look")),
    ):
        media_id = await desk.add(**CLOSE)
        await desk.answer(media_id, JOB, {"basis": "The figure for nudity decides.", "objection": objection})
        await desk.work()
        ours = await desk.ours(media_id)
        assert set(ours) == {KEY, "ollama.quality", "ollama.scores", "ollama.model", "ollama.last_run_at"}
        assert {"version", "run", "publishable", "needs_review", "blocked_reason", "flags"} <= set(ours[KEY])
        assert await decided(desk, media_id) == expected, objection

    for writes in (("quality", "events"), ("quality",), ("events",), ()):
        media_id = await judged(desk)
        before = len(await desk.events(media_id))
        desk.write_only(*writes)
        await desk.work()
        assert await decided(desk, media_id) == (False, False, "nsfw"), writes
        assert (await desk.quality(media_id))[0] == ("review" if "quality" in writes else "ok"), writes
        told = (await desk.events(media_id))[before:]
        assert [name for name, _ in told] == ["policy_eval"] * ("events" in writes), writes
        for _, payload in told:
            assert (payload["publishable"], payload["blocked_reason"]) == (False, "nsfw")
            assert payload["run"] == (await desk.ours(media_id))[KEY]["run"]


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `media`, `media_lifecycle_events`: the first always, the others each with its optional write."""
    desk.write_only("provenance")
    await needs_no_more_than(desk, JOB, GRANTS, **GOOD)
    await needs_no_more_than(desk, JOB, GRANTS, **CLOSE)
    await needs_each_of(desk, JOB, GRANTS, WRITES, lambda: judged(desk))


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """A policy decision is needed (for instance publication staging)."""
    analysed, scored, neither = await desk.add(**GOOD), await desk.add(**TEXTS), await desk.add(**TEXTS)
    for media_id in (scored, neither):
        await desk.workshop.fail("broken_json", match={"job": QUALITY, "media": str(media_id)})
    await desk.work()
    await desk.plan(scored, batch="spring")
    await desk.work()
    verdicts = [await desk.verdict(media_id, JOB) for media_id in (analysed, scored, neither)]
    assert verdicts == [("done", ""), ("done", ""), ("skipped", "nothing_to_decide")]

    first = (await desk.ours(analysed))[KEY]
    await desk.plan(analysed)
    await desk.work()
    assert (await desk.ours(analysed))[KEY] == first
    await desk.put(analysed, "scan.nsfw", 0.9)
    await desk.plan(analysed)
    await desk.work()
    assert await decided(desk, analysed) == (False, False, "nsfw")

    desk.plan_with(make_planner(Settings.model_validate(SETTINGS)))
    staged = await desk.add(columns={"publish_state": "staging"}, **GOOD)
    idle = [await desk.add(columns={"publish_state": state}, **GOOD) for state in (None, "draft", "published")]
    await desk.work()
    assert await desk.verdict(staged, JOB) == ("done", "")
    assert [await desk.verdict(media_id, JOB) for media_id in idle] == [("skipped", "not_staged")] * 3
    await desk.set_column(idle[1], "publish_state", "staging")
    await desk.plan(idle[1])
    await desk.work()
    assert await desk.verdict(idle[1], JOB) == ("done", "")


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Conflicts: `needs_review = true`. So are inputs that are missing or that nobody can read: none is harmless."""
    conflicts = {
        "scanners": {**GOOD, "scan.nsfw": 0.0, "scan.flags": ["nsfw"]},
        "status and grade": {**GOOD, "ollama.quality": {**QUALITY_RESULT, "grade": "C"}},
        "no word on nudity": {key: value for key, value in GOOD.items() if key != "scan.nsfw"},
        "nudity unavailable": {**GOOD, "scan.nsfw": "unavailable"},
        "nudity in strange words": {**GOOD, "scan.nsfw": "perhaps"},
        "no status": {**GOOD, "ollama.quality": {}},
        "an axis is missing": {**GOOD, "ollama.scores": {}},
        "scores that are none": {**GOOD, "ollama.scores": "fine"},
    }
    media = {what: await desk.add(**known) for what, known in conflicts.items()}
    person = await desk.add(columns={"quality_status": "defect"}, **GOOD)
    await desk.work()
    for what, media_id in (*media.items(), ("a person disagrees", person)):
        publishable, needs_review, _ = await decided(desk, media_id)
        assert (publishable, needs_review) == (False, True), what

    basis = "The figure for nudity decides."
    await fails_with(desk, JOB, {"no word of ours": {"basis": basis, "objection": "maybe"}}, "wrong_shape", **CLOSE)
    close = await desk.add(**CLOSE)
    await desk.workshop.fail("broken_json", match={"job": JOB}, next=1)
    await desk.work()
    assert await desk.verdict(close, JOB) == ("failed", "not_json")
    assert KEY not in await desk.ours(close)


async def judged(desk: Desk) -> int:
    """A medium whose quality we found to be ok, and which a scanner then finds fault with."""
    desk.write_only("quality", "events")
    media_id = await desk.add(flawless=True, **SCANNED)
    await desk.work()
    assert (await desk.quality(media_id))[0] == "ok"
    await desk.put(media_id, "scan.nsfw", 0.9)
    await desk.plan(media_id)
    return media_id
