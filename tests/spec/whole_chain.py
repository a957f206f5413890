"""What the rules promise of tags, prompts, columns and lifecycle events, shown on the whole chain."""

from typing import Any

from handlers.chain import Chain
from handlers.runner.planning import Planner
from tests.spec.cells import find_stages
from tests.spec.desk import Desk
from tests.spec.j3_tags_normalize import links
from tests.spec.j3_tags_normalize import name as name_tags
from tests.spec.j4_quality import seen
from tests.spec.j6_prompt_recon import fill, history

TAGS, PROMPT = "ollama_tags_normalize", "ollama_prompt_recon"
QUALITY, SCORES, POLICY = "ollama_quality", "ollama_score_multi", "ollama_policy_flags"
TEXTS: dict[str, Any] = {"caption": "A boat.", "description": "A boat on a lake.", "title": "The boat"}
JUDGED: dict[str, Any] = {**TEXTS, "scan.nsfw": 0.01}
RESULTS = {"ollama.quality", "ollama.scores", "ollama.policy_flags"}
NAMED = name_tags("Boat", "boats", "BOAT", other=("lake", "Lake"))
REBUILT = fill("sure", subject="a boat", setting="on a lake", style="photograph")


def follow(desk: Desk) -> None:
    """From here on the whole chain runs."""
    desk.plan_with(Planner(Chain(find_stages(POLICY))))


async def expect(desk: Desk, media_id: int) -> None:
    """The next answers about tags and prompt are good ones."""
    await desk.answer(media_id, TAGS, NAMED)
    await desk.answer(media_id, PROMPT, REBUILT)


async def dedupes_tags_and_prompts(desk: Desk) -> None:
    """R1: one link per tag, one row per distinct prompt, however often the same is said and asked for."""
    follow(desk)
    media_id = await desk.add("teal", flawless=True, **JUDGED)
    for request in ("one", "two", "two"):
        await expect(desk, media_id)
        await desk.work()
        assert {"boat", "lake"} == (await links(desk, media_id)).keys()
        assert len(await history(desk, media_id)) == 1
        await desk.plan(media_id, force=request, job_types=(TAGS, PROMPT))
    named_alike = "SELECT count(*) FROM tags WHERE lower(name) SIMILAR TO '(boat|lake)s?'"
    assert await desk.pool.fetchval(named_alike) == len(("boat", "lake"))


async def leaves_tags_and_prompts_of_people_alone(desk: Desk) -> None:
    """R6: a tag that somebody locked, gave or took away stays so under force, and a prompt locked or deleted."""
    follow(desk)
    media_id = await desk.add("navy", flawless=True, **JUDGED)
    await desk.tag(media_id, "quay")
    await expect(desk, media_id)
    await desk.work()
    await desk.pool.execute(
        "DELETE FROM media_tags USING tags WHERE id = tag_id AND name = 'boat' AND media_id = $1", media_id
    )
    other = await desk.add("teal", flawless=True, **JUDGED)
    await expect(desk, other)
    await desk.work()
    await desk.pool.execute("DELETE FROM prompt_history WHERE media_id = $1", other)
    await expect(desk, other)
    await desk.plan(other, force="the prompt", job_types=(PROMPT,))
    await desk.work()
    assert await history(desk, other) == []

    await desk.put(media_id, "locks", ["prompt"])
    before = await links(desk, media_id), await history(desk, media_id)
    assert before[0].keys() == {"quay", "lake"}
    await expect(desk, media_id)
    await desk.plan(media_id, force="all of it")
    await desk.work()
    assert (await links(desk, media_id), await history(desk, media_id)) == before


async def tells_each_evaluation_once(desk: Desk) -> None:
    """R1: an event that comes again, a force that is delivered again, adds no lifecycle event and no completion."""
    follow(desk)
    media_id = await desk.add("olive", flawless=True, **JUDGED)
    await desk.work()
    first, judged, told = await desk.ours(media_id), await desk.quality(media_id), await announced(desk, media_id)
    assert first.keys() >= RESULTS
    assert await named(desk, media_id) == ["quality_eval", "policy_eval"]
    for _ in range(3):
        await desk.plan(media_id)
        await desk.work()
    assert (await desk.ours(media_id), await desk.quality(media_id)) == (first, judged)
    assert await announced(desk, media_id) == told

    for _ in range(3):
        await desk.plan(media_id, force="the same request", job_types=(QUALITY, SCORES, POLICY))
        await desk.work()
    assert await named(desk, media_id) == ["quality_eval", "policy_eval"] * 2
    assert await announced(desk, media_id) == [*told, (QUALITY, "done"), (SCORES, "done"), (POLICY, "done")]
    assert (await desk.ours(media_id)).keys() == first.keys()


async def leaves_judgements_of_people_alone(desk: Desk) -> None:
    """R6: a status that somebody set, changed or locked stays, and so does a result; force changes nothing of that."""
    follow(desk)
    changed, locked, everything, edited, free = [await desk.add("teal", flawless=True, **JUDGED) for _ in range(5)]
    given = await desk.add("teal", {"quality_status": "defect"}, flawless=True, **JUDGED)
    await desk.work()
    assert await desk.quality(changed) == ("ok", 1.0)
    by_hand: dict[str, Any] = {key: {"status": "by hand"} for key in RESULTS}
    await desk.set_column(changed, "quality_status", "defect")
    await desk.put(locked, "locks", ["quality_status", "quality_score"])
    await desk.put(everything, "locks", ["*"])
    for key, value in by_hand.items():
        await desk.put(edited, key, value)
    before = await desk.ours(everything), await desk.events(everything), await desk.events(edited)
    for media_id in (changed, locked, everything, edited, free, given):
        await desk.answer(media_id, QUALITY, seen("hands", "strong"))
        await desk.plan(media_id, force="all of it")
    await desk.work()

    assert [(await desk.quality(media_id))[0] for media_id in (changed, given, free)] == ["defect", "defect", "review"]
    assert [await desk.quality(media_id) for media_id in (locked, everything, edited)] == [("ok", 1.0)] * 3
    assert (await desk.ours(everything), await desk.events(everything), await desk.events(edited)) == before
    assert {key: (await desk.ours(edited))[key] for key in RESULTS} == by_hand


async def writes_beside(desk: Desk, *writes: str) -> None:
    """R7: exactly these of the optional writes are made."""
    follow(desk)
    media_id = await desk.add("teal", flawless=True, **JUDGED)
    await expect(desk, media_id)
    await desk.work()
    assert (await desk.ours(media_id)).keys() >= RESULTS
    assert (await links(desk, media_id)).keys() == ({"boat", "lake"} if "tags" in writes else set()), writes
    assert len(await history(desk, media_id)) == ("prompts" in writes), writes
    assert await desk.quality(media_id) == (("ok", 1.0) if "quality" in writes else ("unknown", None)), writes
    assert await named(desk, media_id) == (["quality_eval", "policy_eval"] if "events" in writes else []), writes


async def goes_on_after_a_failure(desk: Desk) -> None:
    """R8: scores are asked for without an analysis where somebody wants them, and the decision says what it lacks."""
    follow(desk)
    alone, wanted = await desk.add("teal", **JUDGED), await desk.add("navy", **JUDGED)
    await desk.workshop.fail("broken_json", match={"job": QUALITY})
    await desk.plan(wanted, batch="spring")
    await desk.work()
    assert [await desk.verdict(alone, job) for job in (QUALITY, SCORES, POLICY)] == [
        ("failed", "not_json"),
        ("skipped", "no_quality"),
        ("skipped", "nothing_to_decide"),
    ]
    assert [await desk.verdict(wanted, job) for job in (QUALITY, SCORES, POLICY)] == [
        ("failed", "not_json"), ("done", ""), ("done", ""),
    ]  # fmt: skip
    flags = (await desk.ours(wanted))["ollama.policy_flags"]
    assert (flags["publishable"], flags["needs_review"]) == (False, True)


async def named(desk: Desk, media_id: int) -> list[str]:
    """The types of the medium's lifecycle events, in order."""
    return [name for name, _ in await desk.events(media_id)]


async def announced(desk: Desk, media_id: int) -> list[tuple[str, str]]:
    """Job type and outcome of the medium's completions in the outbox, in order."""
    rows = await desk.pool.fetch("SELECT payload FROM bildwerk.outbox ORDER BY id")
    payloads = [row["payload"] for row in rows if row["payload"]["media_id"] == media_id]
    return [(payload["job_type"], payload["outcome"]) for payload in payloads]
