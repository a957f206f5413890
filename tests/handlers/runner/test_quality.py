"""J4 on a real PostgreSQL: columns that are ours only while nobody else's, one event per evaluation, no loops."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from db.pool import Pool
from db.runs import Cost
from handlers.runner.finishing import Answered, Finished, Finisher, Job
from handlers.runner.planning import Force, Planner
from handlers.runner.writing import OPTIONAL_WRITES, EffectWriter, MarkMoved
from handlers.stages.quality import CODES, QualityAnswer
from tests.ledger import Ledger, choose

QUALITY = "ollama_quality"
TOUCHING = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON media FOR EACH ROW EXECUTE FUNCTION touch()
"""


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """Return a ledger in which only the quality is looked at."""
    return replace(ledger, planner=Planner(choose(QUALITY)))


def judged(hands: str = "none") -> Answered:
    """Nothing is wrong, but perhaps the hands are. Without measures that is `review` all the same."""
    parts = {"evidence": "", "place": "none", "severity": "none"}
    said = {f"{code}_{part}": value for code in CODES for part, value in parts.items()}
    if hands != "none":
        said |= {"hands_evidence": "A sixth finger.", "hands_place": "left", "hands_severity": hands}
    answer = QualityAnswer.model_validate(said)
    return Answered(answer, answer.model_dump_json(), Cost(10, 5, 0.0, 1.0, 2.0, 3.0))


async def start(ledger: Ledger) -> Job:
    """Lease the medium and begin the run."""
    return await ledger.start(await ledger.claim(), QUALITY)


async def evaluate(ledger: Ledger, hands: str = "none", finisher: Finisher | None = None) -> None:
    """Run the job from lease to release."""
    job = await start(ledger)
    assert await ledger.finish(job, judged(hands), finisher) is Finished.SETTLED
    await ledger.release(job.lease)


async def columns(pool: Pool) -> tuple[str | None, float | None]:
    """Status and score as the platform sees them."""
    row = await pool.fetchrow("SELECT quality_status, quality_score FROM media")
    return row["quality_status"], row["quality_score"] and round(row["quality_score"], 3)


async def evaluations(pool: Pool) -> list[dict[str, object]]:
    """Payloads of all lifecycle events."""
    rows = await pool.fetch("SELECT type, payload FROM media_lifecycle_events ORDER BY created_at")
    assert {row["type"] for row in rows} <= {"quality_eval"}
    return [row["payload"] for row in rows]


async def reset(ledger: Ledger, media_id: int) -> None:
    """A person wants the picture judged again, and the platform says so."""
    await ledger.pool.execute("UPDATE media SET quality_status = 'unknown'")
    await ledger.plan(media_id)


async def test_result_columns_and_event_tell_the_same(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await evaluate(ledger, "slight")

    written = (await ledger.meta(media_id))["ollama.quality"]
    run = await ledger.pool.fetchval("SELECT id FROM bildwerk.runs")
    assert (written["run"], written["status"], written["score"]) == (run, "review", 0.88)
    assert await columns(ledger.pool) == ("review", 0.88)
    told = {name: written[name] for name in ("version", "run", "score", "grade", "status")}
    assert await evaluations(ledger.pool) == [{**told, "defects": ["hands"]}]
    verdict = await ledger.verdict(media_id, QUALITY)
    assert (verdict["status"], verdict["reason"]) == ("done", "")


async def test_one_event_per_evaluation(ledger: Ledger) -> None:
    """R1: the same answer settled twice, and planning again, add none; another evaluation adds one."""
    media_id = await ledger.add()
    job = await start(ledger)
    await ledger.finish(job, judged())
    assert await ledger.finish(job, judged("strong")) is Finished.SUPERSEDED
    await ledger.release(job.lease)
    await ledger.plan(media_id)
    assert len(await evaluations(ledger.pool)) == 1

    await ledger.plan(media_id, Force("again", (QUALITY,)))
    await evaluate(ledger, "strong")
    assert [event["score"] for event in await evaluations(ledger.pool)] == [1.0, 0.68]
    assert await columns(ledger.pool) == ("review", 0.68)


async def test_a_transaction_that_is_rolled_back_leaves_nothing(ledger: Ledger) -> None:
    """I4: result, columns and event are one with the verdict."""
    media_id = await ledger.add()
    job = await start(ledger)
    async with ledger.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await Finisher(ledger.planner).finish(connection, job, judged())
        assert await connection.fetchval("SELECT count(*) FROM media_lifecycle_events") == 1
        await transaction.rollback()

    assert await evaluations(ledger.pool) == []
    assert await columns(ledger.pool) == ("unknown", None)
    assert await ledger.meta(media_id) == {}
    assert (await ledger.verdict(media_id, QUALITY))["status"] == "due"


@pytest.mark.parametrize("theirs", ["ok", "review", "defect"])
async def test_a_status_set_before_is_a_judgement(ledger: Ledger, theirs: str) -> None:
    """I17, R6: nobody is asked; by force the result is made, and the status stays."""
    media_id = await ledger.add()
    await ledger.pool.execute("UPDATE media SET quality_status = $1", theirs)
    await ledger.plan(media_id)
    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "judged"

    await ledger.plan(media_id, Force("force", (QUALITY,)))
    await evaluate(ledger, "strong")
    assert (await columns(ledger.pool))[0] == theirs
    assert (await ledger.meta(media_id))["ollama.quality"]["status"] == "review"
    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "kept"


async def test_a_status_set_during_the_call_stands(ledger: Ledger) -> None:
    """I17, P17."""
    media_id = await ledger.add()
    job = await start(ledger)
    await ledger.pool.execute("UPDATE media SET quality_status = 'defect'")

    assert await ledger.finish(job, judged()) is Finished.SETTLED
    assert (await columns(ledger.pool))[0] == "defect"
    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "kept"


async def test_a_status_changed_after_us_stands_against_force(ledger: Ledger) -> None:
    """I17: what was ours is theirs once they changed it, also with new pixels."""
    media_id = await ledger.add()
    await evaluate(ledger)
    await ledger.pool.execute("UPDATE media SET quality_status = 'defect'")
    await ledger.plan(media_id, Force("force", (QUALITY,)))
    await evaluate(ledger)
    assert (await columns(ledger.pool))[0] == "defect"

    await ledger.inspect(media_id, "f2")
    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "judged"
    assert (await columns(ledger.pool))[0] == "defect"


@pytest.mark.parametrize("when", ["before", "during"])
@pytest.mark.parametrize("lock", ["quality_status", "media.quality_status"])
async def test_a_locked_status_is_left_alone(ledger: Ledger, when: str, lock: str) -> None:
    """I17: the result is written, once; the locked column is not."""
    locking = "INSERT INTO media_meta VALUES ($1, 'locks', jsonb_build_array($2::text))"
    media_id = await ledger.add()
    if when == "before":
        await ledger.pool.execute(locking, media_id, lock)
        await ledger.plan(media_id)
    job = await start(ledger)
    if when == "during":
        await ledger.pool.execute(locking, media_id, lock)

    assert await ledger.finish(job, judged()) is Finished.SETTLED
    await ledger.release(job.lease)
    await ledger.plan(media_id)
    assert (await columns(ledger.pool))[0] == "unknown"
    assert "ollama.quality" in await ledger.meta(media_id)
    verdict = await ledger.verdict(media_id, QUALITY)
    assert (verdict["status"], verdict["reason"]) == ("done", "kept")


async def test_new_pixels_replace_our_judgement(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await evaluate(ledger)
    await ledger.inspect(media_id, "f2")
    await evaluate(ledger, "strong")

    assert await columns(ledger.pool) == ("review", 0.68)
    assert len(await evaluations(ledger.pool)) == 2


async def test_our_own_write_is_no_news(ledger: Ledger) -> None:
    """P6, I18: a platform that touches `updated_at` with every UPDATE costs no inspection and no loop."""
    await ledger.pool.execute(TOUCHING)
    media_id = await ledger.add()
    before = await ledger.pool.fetchval("SELECT updated_at FROM media")
    await evaluate(ledger)
    assert await ledger.pool.fetchval("SELECT updated_at FROM media") > before, "the trigger fired"

    row = "SELECT inspected_mark, inspect_at, plan_no, due FROM bildwerk.media"
    settled = await ledger.pool.fetchrow(row)
    mark = await ledger.pool.fetchval("SELECT bildwerk.source_mark(path, updated_at, hash) FROM media")
    assert (settled["inspected_mark"], settled["inspect_at"], settled["due"]) == (mark, None, [])
    await ledger.plan(media_id)
    assert await ledger.pool.fetchrow(row) == settled
    assert await ledger.events() == [(QUALITY, "done", 0)]
    assert len(await evaluations(ledger.pool)) == 1


async def test_a_touched_row_costs_no_judgement(ledger: Ledger) -> None:
    """P5: the mark moved before our answer; the same bytes are found, and all is written under the new mark."""
    await ledger.pool.execute(TOUCHING)
    await ledger.add()
    job = await start(ledger)
    await ledger.touch(1)

    with pytest.raises(MarkMoved) as moved:
        await ledger.finish(job, judged())
    assert await evaluations(ledger.pool) == []
    assert await ledger.finish(job, judged(), mark=moved.value.mark) is Finished.SETTLED
    assert await columns(ledger.pool) == ("review", 1.0)
    assert len(await evaluations(ledger.pool)) == 1


async def test_a_row_touched_while_we_write_is_looked_at_again(ledger: Ledger) -> None:
    """P5, P6: an UPDATE that commits while ours waits for the row; our mark is not taken for the one inspected."""
    media_id = await ledger.add()
    job = await start(ledger)
    async with ledger.pool.acquire() as person:
        transaction = person.transaction()
        await transaction.start()
        await person.execute("UPDATE media SET updated_at = updated_at + interval '1 s'")
        finishing = asyncio.ensure_future(ledger.finish(job, judged()))
        await ledger.blocked()
        await transaction.commit()
    with pytest.raises(MarkMoved) as moved:
        await finishing

    assert await ledger.meta(media_id) == {}
    assert await evaluations(ledger.pool) == []
    assert await ledger.finish(job, judged(), mark=moved.value.mark) is Finished.SETTLED
    assert await columns(ledger.pool) == ("review", 1.0)


async def test_a_result_that_a_person_writes_while_we_do_has_neither_columns_nor_event(ledger: Ledger) -> None:
    """I17: an INSERT that commits while ours waits for it; there is nothing that columns and event could tell of."""
    media_id = await ledger.add()
    job = await start(ledger)
    async with ledger.pool.acquire() as person:
        transaction = person.transaction()
        await transaction.start()
        await person.execute("INSERT INTO media_meta VALUES ($1, 'ollama.quality', $2)", media_id, {"status": "ok"})
        finishing = asyncio.ensure_future(ledger.finish(job, judged("strong")))
        await ledger.blocked()
        await transaction.commit()

    assert await finishing is Finished.SETTLED
    assert (await ledger.meta(media_id))["ollama.quality"] == {"status": "ok"}
    assert (await columns(ledger.pool), await evaluations(ledger.pool)) == (("unknown", None), [])
    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "kept"


@pytest.mark.parametrize("platform", ["", TOUCHING], ids=["plain", "touching"])
async def test_a_reset_is_judged_again_once(ledger: Ledger, platform: str) -> None:
    """P9, I18: our status set back to unknown makes the job due; then it rests."""
    if platform:
        await ledger.pool.execute(platform)
    media_id = await ledger.add()
    await evaluate(ledger)
    for number, hands in enumerate(["strong", "slight"], start=1):
        await reset(ledger, media_id)
        if platform:
            await ledger.inspect(media_id, "f1")
        verdict = await ledger.verdict(media_id, QUALITY)
        assert (verdict["status"], verdict["generation"]) == ("due", number)
        await evaluate(ledger, hands)
        score = {"strong": 0.68, "slight": 0.88}[hands]
        assert await columns(ledger.pool) == ("review", score)
        assert (await ledger.meta(media_id))["ollama.quality"]["score"] == score
        for _ in range(2):
            await ledger.plan(media_id)
        verdict = await ledger.verdict(media_id, QUALITY)
        assert (verdict["status"], verdict["generation"]) == ("done", number)
    assert [event["score"] for event in await evaluations(ledger.pool)] == [1.0, 0.68, 0.88]
    assert await ledger.events() == [(QUALITY, "done", number) for number in range(3)]


async def test_a_reset_by_which_a_person_judges_in_the_end_is_theirs(ledger: Ledger) -> None:
    """Reset, then judged by the person before we came: nothing to do."""
    media_id = await ledger.add()
    await evaluate(ledger)
    await reset(ledger, media_id)
    await ledger.pool.execute("UPDATE media SET quality_status = 'ok'")
    await ledger.plan(media_id)

    assert (await ledger.verdict(media_id, QUALITY))["reason"] == "judged"
    assert len(await evaluations(ledger.pool)) == 1


async def test_a_reset_during_the_call_is_a_new_question(ledger: Ledger) -> None:
    """P2, I9: the answer belongs to a fingerprint that no longer holds, though nobody planned the medium since."""
    media_id = await ledger.add()
    await evaluate(ledger)
    await ledger.plan(media_id, Force(f"force-{uuid4()}", (QUALITY,)))
    job = await start(ledger)
    await ledger.pool.execute("UPDATE media SET quality_status = 'unknown'")

    assert await ledger.finish(job, judged("strong")) is Finished.SUPERSEDED
    await ledger.release(job.lease)
    assert await columns(ledger.pool) == ("unknown", 1.0)
    assert len(await evaluations(ledger.pool)) == 1
    verdict = await ledger.verdict(media_id, QUALITY)
    assert (verdict["status"], verdict["generation"]) == ("due", 2)

    await evaluate(ledger, "slight")
    await ledger.plan(media_id)
    assert (await ledger.verdict(media_id, QUALITY))["status"] == "done"
    assert [event["score"] for event in await evaluations(ledger.pool)] == [1.0, 0.88]


@pytest.mark.parametrize("on", [frozenset({"quality"}), frozenset({"events"}), frozenset()], ids=sorted)
async def test_optional_writes_are_left_out(ledger: Ledger, on: frozenset[str]) -> None:
    """R7: the result is always written; columns and events each only when named. Either way the job rests."""
    assert on <= OPTIONAL_WRITES
    media_id = await ledger.add()
    await evaluate(ledger, finisher=Finisher(ledger.planner, writer=EffectWriter(on)))
    await ledger.plan(media_id)

    assert await columns(ledger.pool) == (("review", 1.0) if "quality" in on else ("unknown", None))
    assert len(await evaluations(ledger.pool)) == ("events" in on)
    assert "ollama.quality" in await ledger.meta(media_id)
    assert "ollama.model" not in await ledger.meta(media_id)
    verdict = await ledger.verdict(media_id, QUALITY)
    assert (verdict["status"], verdict["reason"]) == ("done", "")
    touched = await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.written WHERE field LIKE 'media.%'")
    assert touched == (2 if "quality" in on else 0)
