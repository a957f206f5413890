"""What `explain` says of one medium, state by state."""

from dataclasses import replace

from bildwerk.cli.explain import Medium, describe
from db import runs
from db.reads import read_record
from handlers.chain import Chain
from handlers.choice.choice import Choice
from handlers.choice.paths import PathPattern
from handlers.choice.ranges import AGE, read_range
from handlers.failures import Transient
from handlers.registry import load_stages
from handlers.runner.finishing import Failed
from tests.gallery import Gallery, Shot
from tests.ledger import Ledger
from tests.tagged import Tagged


async def explain(ledger: Ledger, media_id: int) -> list[str]:
    """What the command would print."""
    async with ledger.pool.acquire() as connection:
        (snapshot,) = await ledger.planner.load(connection, [media_id])
        record = await read_record(connection, media_id)
    assert record is not None
    return describe(Medium(snapshot, record, ledger.planner.chain))


async def test_due_and_waiting(ledger: Ledger) -> None:
    lines = await explain(ledger, await ledger.add())

    assert lines[:2] == ["medium 1: a.jpg", "  JPEG, 10 x 10 pixels, content f1"]
    assert "ollama_caption: due" in lines
    assert "ollama_title: waiting: waits for the jobs before it" in lines
    assert "  ollama.title: nobody wrote it" in lines


async def test_done_by_us_and_then_changed_by_a_person(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    done = await explain(ledger, media_id)
    await ledger.pool.execute("UPDATE media_meta SET value = '\"mine\"' WHERE key = 'ollama.caption'")
    await ledger.pool.execute("DELETE FROM media_meta WHERE key = 'ollama.description'")
    changed = await explain(ledger, media_id)

    assert "ollama_caption: done" in done
    assert "  ollama.caption: ours (run 1)" in done
    assert any(line.startswith("  run 1 on host:1 with model at ") and ", done" in line for line in done)
    assert "  ollama.caption: a person's or the platform's; never changed" in changed
    assert "  ollama.description: a person deleted it; it stays deleted" in changed


async def test_taken_over_from_another_medium(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    twin = await ledger.add("b.jpg", "f2")
    leases = {lease.media_id: lease for lease in (await ledger.claim(), await ledger.claim())}
    question = runs.Question("ollama_caption", 0, "f", "f2", "recipe", "", "model", "en", reused_from=1)
    async with ledger.pool.acquire() as connection:
        await runs.start(connection, leases[twin], question)

    assert any(f"taken over from run 1 of medium {media_id} (model) at " in s for s in await explain(ledger, twin))


async def test_locked(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("INSERT INTO media_meta VALUES ($1, 'locks', $2)", media_id, ["title"])

    assert "  ollama.title: locked by a person" in await explain(ledger, media_id)


async def test_tried_in_vain(ledger: Ledger) -> None:
    media_id = await ledger.add()
    lease = await ledger.claim()
    job = await ledger.start(lease, "ollama_caption")
    under_way = await explain(ledger, media_id)
    await ledger.finish(job, Failed(Transient("connection_reset", "somewhere")))
    failed = await explain(ledger, media_id)

    assert any("being worked on; its lease holds" in line for line in under_way)
    assert any(line.endswith(", under way") for line in under_way)
    assert any(line.startswith("ollama_caption: due, tried 1 time, next try at ") for line in failed)
    assert "  last error: the connection broke (somewhere)" in failed
    assert any("retry: the connection broke" in line for line in failed)


async def test_unreadable(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("UPDATE bildwerk.pictures SET unreadable = 'truncated_picture'")
    await ledger.plan(media_id)

    lines = await explain(ledger, media_id)

    assert "  no picture: the file ends before its picture does" in lines
    assert any(
        line.startswith("ollama_title: skipped: there is no picture to look at: the file ends") for line in lines
    )


async def test_awaited_and_deleted(ledger: Ledger) -> None:
    await ledger.plan(99)
    awaited = await explain(ledger, 99)
    media_id = await ledger.add()
    await ledger.pool.execute("DELETE FROM media WHERE id = $1", media_id)
    await ledger.plan(media_id)
    deleted = await explain(ledger, media_id)

    assert awaited[:2] == [
        "medium 99: not on the platform",
        "  an event named it, but the platform does not have it yet; looked 0 times",
    ]
    assert "  deleted on the platform" in deleted
    assert "ollama_title: skipped: the medium was deleted" in deleted


async def test_what_was_judged_is_told_and_obeyed_by_no_terminal(ledger: Ledger) -> None:
    media_id = await ledger.add()
    defect = {"code": "hands", "severity": 0.8, "place": "left", "evidence": "six\x1b[2J fingers", "source": "model"}
    flag = {"rule": "nsfw", "outcome": "review", "reason": "it may show nudity", "inputs": {}, "missing": ["nsfw"]}
    for key, value in (
        ("quality", {"status": "review", "grade": "B", "score": 0.68, "defects": [defect]}),
        ("scores", {"compliance": {"score": 0.25, "level": "good"}, "fidelity": {"score": None, "level": "no_prompt"}}),
        ("policy_flags", {"publishable": False, "needs_review": True, "blocked_reason": None, "flags": [flag]}),
    ):
        await ledger.pool.execute("INSERT INTO media_meta VALUES ($1, $2, $3)", media_id, f"ollama.{key}", value)
    lines = await explain(replace(ledger, planner=replace(ledger.planner, chain=Chain(load_stages()))), media_id)

    quality, scores, policy = (lines.index(line) for line in lines if line.endswith("never changed"))
    assert lines[quality + 1 : quality + 3] == [
        "    quality review · B · 0.68",
        "    hands 0.80 left (model): six�[2J fingers",
    ]
    assert lines[scores + 1 : scores + 3] == [
        "    compliance 0.25 (good, limited by what is known)",
        "    fidelity none (no prompt)",
    ]
    assert lines[policy + 1 :] == [
        "    needs review",
        "    nsfw, review: it may show nudity (nothing is known of nsfw)",
    ]


async def test_tags_and_where_a_prompt_comes_from(ledger: Ledger) -> None:
    media_id, tagged = await ledger.add(), Tagged(ledger.pool)
    await tagged.carry(media_id, "NASA", locked=True)
    await tagged.carry(media_id, "space\x1b[2J")
    await tagged.put(media_id, "rocket", "moon", confidence=0.75, weight=1.0)
    await tagged.act("DELETE", media_id, "moon")
    embedded = {"prompt": "a secret garden", "source": "embedded", "generator": "comfyui", "confidence": 1.0}
    await ledger.pool.execute(
        "INSERT INTO media_meta VALUES ($1, 'ollama.prompt_reconstruction', $2)", media_id, embedded
    )

    lines = await explain(replace(ledger, planner=replace(ledger.planner, chain=Chain(load_stages()))), media_id)

    start = next(place for place, line in enumerate(lines) if line.startswith("  ollama.tags_normalized"))
    assert sorted(lines[start + 1 : start + 5]) == [
        "    NASA: there before, locked",
        "    moon: taken away by somebody, not given again",
        "    rocket: ours, confidence 0.75, weight 1.00",
        "    space�[2J: there before",
    ]
    assert "    embedded by ComfyUI" in lines
    assert not any("secret garden" in line for line in lines)


async def test_whom_it_is_like_and_who_is_still_to_ask(ledger: Ledger) -> None:
    gallery = Gallery(ledger)
    one, two, three = await gallery.upload(Shot(1), Shot(1, pixels=1), Shot(1, pixels=1, tag=1))
    await gallery.inspect()
    awaited = await explain(ledger, one)
    await gallery.seek()
    await ledger.pool.execute("UPDATE bildwerk.media SET left_out = 12 WHERE id = $1", one)
    waiting, asking = await explain(ledger, one), await explain(ledger, two)
    await gallery.settle()
    told = await explain(ledger, three)
    paths = [await gallery.path(media_id) for media_id in (one, two, three)]
    level = await ledger.pool.fetchval("SELECT DISTINCT level FROM bildwerk.duplicate_pairs WHERE one = $1", one)

    assert "ollama_duplicate_assist: waiting: others like it are being looked for" in awaited
    assert awaited[-1] == "    others like it are being looked for"
    assert "ollama_duplicate_assist: waiting: a medium that is like it and came later asks first" in waiting
    assert waiting[-3:] == [
        f"    {two} {paths[1]}: {level}, the model is asked by {two}, later",
        f"    {three} {paths[2]}: {level}, the model is asked by {three}, later",
        "    12 more are like it; left out, because too many pictures share its look",
    ]
    assert asking[-2:] == [
        f"    {one} {paths[0]}: {level}, the model was not asked yet",
        f"    {three} {paths[2]}: same_pixels",
    ]
    assert told[-2:] == [
        f"    {one} {paths[0]}: {level}, the model: burst",
        f"    {two} {paths[1]}: same_pixels",
    ]


async def test_left_out_by_a_setting_or_by_a_person(ledger: Ledger) -> None:
    media_id = await ledger.add()
    choice = Choice(except_paths=(PathPattern("*.jpg"),), age=read_range("7d..", AGE))
    chosen = replace(ledger, planner=replace(ledger.planner, chain=replace(ledger.planner.chain, choice=choice)))
    await chosen.plan(media_id)
    filtered = await explain(chosen, media_id)
    await ledger.pool.execute("INSERT INTO media_meta VALUES ($1, 'bildwerk.skip', $2)", media_id, ["title", "captoin"])
    await ledger.plan(media_id)
    opted_out = await explain(ledger, media_id)

    left_out = "BILDWERK_ONLY_PATHS or BILDWERK_EXCEPT_PATHS leaves out its path (except *.jpg)"
    assert f"ollama_caption: skipped: {left_out}" in filtered
    assert "  bildwerk.skip names captoin, which is no job type here" in opted_out
    assert "ollama_caption: due" in opted_out
    assert "ollama_title: skipped: somebody opted it out: bildwerk.skip in its media_meta" in opted_out
