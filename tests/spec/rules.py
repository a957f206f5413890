"""R1 to R8: the rules for all job types, shown on the two of stage 1, on the whole chain and on duplicates."""

import asyncio
import logging
from datetime import timedelta
from uuid import uuid4

import structlog
from PIL import Image

from bildwerk.arguments import make_finisher, make_options
from bildwerk.settings import Settings
from db import leases
from db.reads import read_installation
from tests.spec import rules_of_duplicates as duplicates
from tests.spec.cells import Row
from tests.spec.desk import Desk
from tests.spec.listening import listening
from tests.spec.whole_chain import (
    dedupes_tags_and_prompts,
    goes_on_after_a_failure,
    leaves_judgements_of_people_alone,
    leaves_tags_and_prompts_of_people_alone,
    tells_each_evaluation_once,
    writes_beside,
)

CAPTION, TITLE = "ollama_caption", "ollama_title"
ROW = Row("R", TITLE)
SETTINGS = {"database_url": "postgresql://db/media"}


@ROW.cell
async def r1(desk: Desk) -> None:
    """Idempotent: key-based `media_meta` upserts, tags deduped, no double events.

    Shown of values, events, tags and prompts.
    """
    media_id = await desk.add("teal")
    await desk.work()
    first, told = await desk.ours(media_id), await desk.workshop.ledger.events()
    assert told == [(CAPTION, "done", 0), (TITLE, "done", 0)]
    for _ in range(3):
        await desk.plan(media_id)
        await desk.work()
    assert await desk.ours(media_id) == first
    assert await desk.workshop.ledger.events() == told
    assert [await desk.verdict(media_id, job) for job in (CAPTION, TITLE)] == [("done", ""), ("done", "")]

    Image.new("RGB", (64, 48), "orange").save(desk.workshop.folder / "1.png")
    await desk.workshop.ledger.touch(media_id)
    for _ in range(2):
        await desk.plan(media_id, force="the same request")
        await desk.work()
    second = await desk.ours(media_id)
    assert second.keys() == first.keys()
    assert second["ollama.caption"] != first["ollama.caption"]
    later = (await desk.workshop.ledger.events())[2:]
    assert [(job_type, outcome) for job_type, outcome, _ in later] == [(CAPTION, "done"), (TITLE, "done")]
    await tells_each_evaluation_once(desk)
    await dedupes_tags_and_prompts(desk)
    await duplicates.tells_of_each_pair_once(desk)


@ROW.cell
async def r2(desk: Desk) -> None:
    """One job per (media_id, job_type): duplicates collapse."""
    media_id = await desk.add()
    await asyncio.gather(*(desk.plan(media_id) for _ in range(5)))
    work = await desk.workshop.claim()
    async with desk.pool.acquire() as connection:
        hosts = await desk.workshop.register()
        assert await leases.claim(connection, uuid4(), timedelta(seconds=60), hosts) is None
    await desk.workshop.runner.run(work)
    await desk.work()
    assert [await desk.calls(media_id, job) for job in (CAPTION, TITLE)] == [1, 1]

    for request in ("one", "two"):
        await desk.plan(media_id, force=request)
    await desk.work()
    assert [await desk.calls(media_id, job) for job in (CAPTION, TITLE)] == [2, 2]
    assert await desk.pool.fetchval("SELECT count(*) FROM bildwerk.jobs") == 2
    await duplicates.finds_two_at_once_once(desk)


@ROW.cell
async def r3(desk: Desk) -> None:
    """Deterministic on request: seed and temperature 0, which is the default."""
    usual = make_options(Settings.model_validate(SETTINGS))
    desk.ask_with(temperature=usual.temperature, seed=usual.seed)
    media_id = await desk.add()
    answers = []
    with desk.overhear() as heard:
        for request in ("one", "two", "three"):
            await desk.work()
            answers.append(await desk.said(CAPTION))
            await desk.plan(media_id, force=request, job_types=(CAPTION,))
            if request == "two":
                desk.ask_with(temperature=0.7, seed=42)
    first, second, third = (request.body for request in heard if request.job_type == CAPTION)

    assert first == second
    assert answers[0] == answers[1]
    assert first["options"]["temperature"] == 0
    assert isinstance(first["options"]["seed"], int)
    assert (third["options"]["temperature"], third["options"]["seed"]) == (0.7, 42)


@ROW.cell
async def r4(desk: Desk) -> None:
    """Logs hold no base64 and no secrets; only hashes and ids (no paths, prompts or captions either, at any level).

    Shown of a good job, a failed one and an interrupted one, and of whatever we or a library might try to say.
    """
    with listening() as stream:
        good = await desk.add("teal", {"path": "canary.png"}, prompt="a canary in a cage")
        bad = await desk.add("orange", {"path": "canaries.png"})
        await desk.workshop.fail("broken_json", match={"job": TITLE, "media": str(good)}, next=1)
        await desk.workshop.fail("reset", match={"job": CAPTION, "media": str(bad)}, next=1)
        await desk.work()
        structlog.get_logger().warning("job.ended", path="canary.png", detail="a canary", password="canary")
        logging.getLogger("library").error("cannot read %s", "canary.png")
        structlog.get_logger().error("job.broken", exc_info=ValueError("a canary in a cage"))
    said = stream.getvalue()
    caption = (await desk.ours(good))["ollama.caption"]

    assert all(event in said for event in ("job.ended", "not_json", "partial_answer", "library.logged", "job.broken"))
    for secret in ("canar", caption, str(desk.workshop.folder), "/9j/", "Describe this picture", desk.database):
        assert secret not in said, secret


@ROW.cell
async def r5(desk: Desk) -> None:
    """Network errors: 2-3 retries with exponential back-off (and jitter).

    A host that is away altogether is not a failed try: work waits for it.
    """
    media = [await desk.add(colour) for colour in ("teal", "orange", "navy")]
    await desk.workshop.fail("reset", match={"job": CAPTION}, next=9)
    delays = []
    for _ in range(3):
        await desk.work()
        rows = await desk.pool.fetch(
            "SELECT extract(epoch FROM run_at - changed_at)::float AS wait FROM bildwerk.jobs"
            " WHERE job_type = $1 AND status = 'due' AND run_at > now() ORDER BY media_id", CAPTION,
        )  # fmt: skip
        delays.append([row["wait"] for row in rows])
        await desk.pass_time()
    base = desk.workshop.runner.finisher.retry.base

    for tries, waits in enumerate(delays[:2]):
        assert len(waits) == len(set(waits)) == len(media)
        assert all(0.5 <= wait / (base * 2**tries) <= 1.5 for wait in waits)
    assert delays[2] == []
    assert [await desk.verdict(media_id, CAPTION) for media_id in media] == [("failed", "partial_answer")] * 3
    assert [await desk.calls(media_id, CAPTION) for media_id in media] == [3, 3, 3]

    late = await desk.add("olive")
    await desk.workshop.fail("refuse")
    for _ in range(4):
        await desk.workshop.runner.run(await desk.workshop.claim())
        await desk.pass_time()
    verdict = await desk.workshop.ledger.verdict(late, CAPTION)
    assert (verdict["status"], verdict["attempt"]) == ("due", 0)
    await desk.workshop.heal()
    await desk.work()
    assert await desk.verdict(late, CAPTION) == ("done", "")


@ROW.cell
async def r6(desk: Desk) -> None:
    """`force` overrides a run-condition that is already satisfied, not one that lacks its precondition.

    Locked and human-written values stay protected even then. The preconditions shown are a readable picture and
    candidates for duplicates.
    """
    present, edited, locked, broken = [await desk.add(colour) for colour in ("teal", "orange", "navy", "olive")]
    (desk.workshop.folder / "4.png").write_bytes(b"no picture")
    await desk.work()
    await desk.put(edited, "ollama.caption", "By hand.")
    await desk.put(locked, "locks", ["*"])
    before = await desk.ours(locked)
    for media_id in (present, edited, locked, broken):
        await desk.plan(media_id, force="all of it")
    await desk.work()

    assert [await desk.calls(media_id, CAPTION) for media_id in (present, edited, locked, broken)] == [2, 2, 1, 0]
    assert (await desk.ours(edited))["ollama.caption"] == "By hand."
    assert await desk.ours(locked) == before
    assert await desk.verdict(broken, CAPTION) == ("skipped", "unreadable_picture")
    await leaves_judgements_of_people_alone(desk)
    await leaves_tags_and_prompts_of_people_alone(desk)
    await duplicates.leaves_decisions_of_people_alone(desk)


@ROW.cell
async def r7(desk: Desk) -> None:
    """Every optional write is a setting: on in tables that we created, off in a platform's own until named.

    Shown of `ollama.model` and `ollama.last_run_at`, the quality's columns, lifecycle events, tags and prompts.
    """
    texts = {"ollama.caption", "ollama.description", "ollama.title"}
    stage_1 = desk.workshop.ledger.planner
    for owned, writes, expected in (
        (True, None, ("provenance", "quality", "events", "tags", "prompts")),
        (False, None, ()),
        (False, ("provenance",), ("provenance",)),
        (False, ("quality",), ("quality",)),
        (False, ("events",), ("events",)),
        (True, ("tags",), ("tags",)),
        (False, ("prompts",), ("prompts",)),
    ):
        await desk.pool.execute("UPDATE bildwerk.installation SET owns_platform = $1", owned)
        async with desk.pool.acquire() as connection:
            installation = await read_installation(connection)
        settings = Settings.model_validate({**SETTINGS, "writes": writes})
        desk.settle_with(make_finisher(settings, stage_1, owns_platform=installation.owns_platform))
        desk.plan_with(stage_1)
        media_id = await desk.add()
        await desk.work()
        told = {"ollama.model", "ollama.last_run_at"} if "provenance" in expected else set()
        assert set(await desk.ours(media_id)) == texts | told, (owned, writes)
        await writes_beside(desk, *expected)
        await duplicates.keeps_opinions_whatever_is_off(desk, *expected)


@ROW.cell
async def r8(desk: Desk) -> None:
    """A skipped stage still counts as finished for what comes after it; a failed one too.

    Later stages look at the data, not at the failure.
    """
    await desk.workshop.fail("broken_json", match={"job": CAPTION}, next=1)
    skipped, failed = await desk.add("teal", caption="Theirs.", description="Theirs."), await desk.add("orange")
    with desk.overhear() as heard:
        await desk.work()
    titles = {request.media_id: request.text for request in heard if request.job_type == TITLE}

    assert await desk.verdict(skipped, CAPTION) == ("skipped", "kept_for_person")
    assert await desk.verdict(failed, CAPTION) == ("failed", "not_json")
    for media_id in (skipped, failed):
        assert await desk.verdict(media_id, TITLE) == ("done", "")
    assert "Theirs." in titles[skipped]
    assert " caption" not in titles[failed]
    await goes_on_after_a_failure(desk)
    await duplicates.waits_for_no_failed_referee(desk)
