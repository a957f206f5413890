"""Deciding again by other rules, on a real PostgreSQL."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from db.pool import Pool
from db.runs import Cost
from handlers.failures import BadAnswer
from handlers.policy.policy import Policy
from handlers.policy.rule_file import default_policy, parse_rules
from handlers.redecision import Course, Redecision
from handlers.runner.finishing import Answered, Decided, Failed, Finished, Finisher
from handlers.runner.planning import Planner
from handlers.runner.redeciding import JOB_TYPE, Redecider
from handlers.runner.writing import EffectWriter
from handlers.stages.policy_flags import PolicyAnswer, PolicyFlagsStage
from tests.ledger import Ledger, choose

FLAGS = "ollama.policy_flags"
GOOD: dict[str, Any] = {
    "ollama.quality": {"status": "ok", "grade": "A", "score": 0.9, "defects": []},
    "ollama.scores": {axis: {"score": 0.8} for axis in ("aesthetic", "completeness", "compliance")},
    "scan.nsfw_score": 0.1,
}
STRICT = parse_rules(
    'version = "strict"\n[[rule]]\nid = "nudity"\nreason = "nudity"\nreview = { nsfw = 0.05 }\nblock = { nsfw = 0.5 }'
)
CURIOUS = parse_rules('version = "curious"\n[[rule]]\nid = "nudity"\nreason = "nudity"\nsecond_look = { nsfw = 0.05 }')


@pytest.fixture
def books(ledger: Ledger) -> Ledger:
    """Return a ledger of a library in which only the policy is decided here."""
    ledger.planner = Planner(choose(JOB_TYPE))
    return ledger


def _redecider(books: Ledger, policy: Policy, writer: EffectWriter | None = None) -> Redecider:
    return Redecider(books.planner, writer or EffectWriter(), PolicyFlagsStage(policy))


async def _add(books: Ledger, **values: Any) -> int:
    """Put a picture into the library whose values somebody else wrote."""
    number = await books.pool.fetchval("SELECT count(*) FROM media")
    media_id = await books.add(f"{number}.jpg", f"f{number}")
    for key, value in {**GOOD, **values}.items():
        await books.pool.execute("INSERT INTO media_meta VALUES ($1, $2, $3)", media_id, key, value)
    await books.plan(media_id)
    return media_id


async def _decide(books: Ledger, media_id: int, objection: str | None = None) -> None:
    """What a worker does: decide by the default rules, or with the model's objection."""
    lease = await books.claim()
    assert lease.media_id == media_id
    job = await books.start(lease, JOB_TYPE)
    answer = PolicyAnswer(basis="Close to the limit.", objection=objection) if objection else None  # type: ignore[arg-type]
    result = Decided() if answer is None else Answered(answer, answer.model_dump_json(), Cost())
    assert await books.finish(job, result) is Finished.SETTLED
    await books.release(lease)


async def _again(redecider: Redecider, books: Ledger, *media_ids: int) -> list[Redecision]:
    async with books.pool.acquire() as connection, connection.transaction():
        return [again for _, again in await redecider.redecide(connection, media_ids)]


async def _lifecycle(pool: Pool) -> list[tuple[int, str, Any]]:
    rows = await pool.fetch("SELECT media_id, type, payload FROM media_lifecycle_events ORDER BY id")
    return [(row["media_id"], row["type"], row["payload"]) for row in rows]


async def test_a_stricter_rule_changes_what_was_publishable(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    before = (await books.meta(media_id))[FLAGS]
    assert before["publishable"]

    (again,) = await _again(_redecider(books, STRICT), books, media_id)
    assert (again.course, again.before, again.after) == (Course.CHANGED, "publishable", "needs_review")
    after = (await books.meta(media_id))[FLAGS]
    assert (after["publishable"], after["needs_review"], after["policy"]["version"]) == (False, True, "strict")
    assert after["flags"][0]["inputs"] == {"nsfw": {"scan.nsfw_score": 0.1}}
    assert after["run"] > before["run"]
    verdict = await books.verdict(media_id, JOB_TYPE)
    assert (verdict["status"], verdict["generation"]) == ("done", 2)
    assert await books.events() == [(JOB_TYPE, "skipped", 0), (JOB_TYPE, "done", 1), (JOB_TYPE, "done", 2)]
    assert [(m, kind, payload["needs_review"]) for m, kind, payload in await _lifecycle(books.pool)] == [
        (media_id, "policy_eval", False),
        (media_id, "policy_eval", True),
    ]
    run = await books.pool.fetchrow("SELECT * FROM bildwerk.runs WHERE id = $1", after["run"])
    assert (run["job_type"], run["outcome"], run["model"], run["generation"]) == (JOB_TYPE, "done", "", 2)
    await books.plan(media_id)
    assert (await books.verdict(media_id, JOB_TYPE))["status"] == "done", "the medium stays quiet"


async def test_deciding_twice_writes_once(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    redecider = _redecider(books, STRICT)
    await _again(redecider, books, media_id)
    state = await _dump(books.pool)
    (again,) = await _again(redecider, books, media_id)
    assert again.course is Course.SAME
    assert await _dump(books.pool) == state


async def test_the_same_decision_under_another_policy_is_restated_without_a_lifecycle_event(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    (again,) = await _again(_redecider(books, replace(default_policy(), version="2")), books, media_id)
    assert again.course is Course.RESTATED
    assert (await books.meta(media_id))[FLAGS]["policy"]["version"] == "2"
    assert len(await _lifecycle(books.pool)) == 1


async def test_a_second_look_that_was_never_asked_makes_the_job_due(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    before = await books.meta(media_id)
    redecider = _redecider(books, CURIOUS)
    (again,) = await _again(redecider, books, media_id)
    assert (again.course, again.after) == (Course.ASK, "second_look")
    assert await books.meta(media_id) == before
    verdict = await books.verdict(media_id, JOB_TYPE)
    assert (verdict["status"], verdict["forced"], verdict["generation"]) == ("due", True, 2)
    (again,) = await _again(redecider, books, media_id)
    assert again.course is Course.OPEN


async def test_an_objection_to_the_same_question_counts_again(books: Ledger) -> None:
    media_id = await _add(books, **{"scan.nsfw_score": 0.25})
    books.planner = Planner(choose(JOB_TYPE))
    await _decide(books, media_id, "review")
    assert (await books.meta(media_id))[FLAGS]["second_look"]["objection"] == "review"
    moved = parse_rules(_default_text().replace("second_look = { nsfw = 0.2 }", "second_look = { nsfw = 0.22 }"))
    assert moved.hash != default_policy().hash
    (again,) = await _again(_redecider(books, moved), books, media_id)
    assert again.course is Course.RESTATED
    after = (await books.meta(media_id))[FLAGS]
    assert after["needs_review"]
    assert after["second_look"]["objection"] == "review"


async def test_a_persons_value_is_never_touched(books: Ledger) -> None:
    edited, locked, deleted = [await _add(books) for _ in range(3)]
    for media_id in (edited, locked, deleted):
        await _decide(books, media_id)
    await books.pool.execute(
        """UPDATE media_meta SET value = '{"publishable": true}' WHERE media_id = $1 AND key = $2""", edited, FLAGS
    )
    await books.pool.execute("INSERT INTO media_meta VALUES ($1, 'locks', $2)", locked, ["policy_flags"])
    await books.pool.execute("DELETE FROM media_meta WHERE media_id = $1 AND key = $2", deleted, FLAGS)
    state = await _dump(books.pool)
    found = await _again(_redecider(books, STRICT), books, edited, locked, deleted)
    assert [again.course for again in found] == [Course.KEPT] * 3
    assert await _dump(books.pool) == state


async def test_a_decision_that_a_person_writes_while_we_do_has_no_event(books: Ledger) -> None:
    """I17: an UPDATE that commits while ours waits for it."""
    media_id = await _add(books)
    await _decide(books, media_id)
    async with books.pool.acquire() as person:
        transaction = person.transaction()
        await transaction.start()
        await person.execute("UPDATE media_meta SET value = '{}' WHERE key = $1", FLAGS)
        deciding = asyncio.ensure_future(_again(_redecider(books, STRICT), books, media_id))
        await books.blocked()
        await transaction.commit()
    (again,) = await deciding
    assert again.course is Course.KEPT
    assert (await books.meta(media_id))[FLAGS] == {}
    assert len(await _lifecycle(books.pool)) == 1
    assert (await books.verdict(media_id, JOB_TYPE))["reason"] == "kept"


async def test_rules_that_need_no_second_look_mend_one_that_failed(books: Ledger) -> None:
    media_id = await _add(books, **{"scan.nsfw_score": 0.25})
    lease = await books.claim()
    await books.finish(await books.start(lease, JOB_TYPE), Failed(BadAnswer("refusal", "I cannot help with that.")))
    await books.release(lease)
    assert (await books.verdict(media_id, JOB_TYPE))["last_error"]["reason"] == "refusal"
    (again,) = await _again(_redecider(books, STRICT), books, media_id)
    assert (again.course, again.before, again.after) == (Course.CHANGED, None, "needs_review")
    verdict = await books.verdict(media_id, JOB_TYPE)
    assert (verdict["status"], verdict["last_error"]) == ("done", None)


async def test_a_status_of_ours_is_only_made_stricter_and_the_medium_stays_inspected(books: Ledger) -> None:
    media_id = await _add(books)
    await books.pool.execute("UPDATE media SET quality_status = 'ok' WHERE id = $1", media_id)
    await books.pool.execute(
        "INSERT INTO bildwerk.written VALUES ($1, 'media.quality_status', '\"ok\"', 'f0', 1)", media_id
    )
    await books.plan(media_id)
    await _decide(books, media_id)
    status = "SELECT quality_status FROM media WHERE id = $1"
    assert await books.pool.fetchval(status, media_id) == "ok"
    await _again(_redecider(books, STRICT), books, media_id)
    assert await books.pool.fetchval(status, media_id) == "review"
    (again,) = await _again(_redecider(books, default_policy()), books, media_id)
    assert again.after == "publishable"
    assert await books.pool.fetchval(status, media_id) == "review"
    (again,) = await _again(_redecider(books, default_policy()), books, media_id)
    assert again.course is Course.SAME, "its own write is no change of the medium"


async def test_optional_writes_stay_off(books: Ledger) -> None:
    media_id = await _add(books)
    lease = await books.claim()
    await books.finish(
        await books.start(lease, JOB_TYPE), Decided(), Finisher(books.planner, writer=EffectWriter(frozenset()))
    )
    await books.release(lease)
    await _again(_redecider(books, STRICT, EffectWriter(frozenset())), books, media_id)
    assert (await books.meta(media_id))[FLAGS]["needs_review"]
    assert await _lifecycle(books.pool) == []


async def test_open_and_uninspected_media_wait_for_their_turn(books: Ledger) -> None:
    open_one, moved = await _add(books), await _add(books)
    await books.pool.execute("UPDATE bildwerk.media SET due = '{}' WHERE id = $1", open_one)
    await _decide(books, moved)
    await books.touch(moved)
    state = await _dump(books.pool)
    found = await _again(_redecider(books, STRICT), books, open_one, moved)
    assert [again.course for again in found] == [Course.OPEN] * 2
    assert await _dump(books.pool) == state


async def test_looking_writes_nothing(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    state = await _dump(books.pool)
    async with books.pool.acquire() as connection, connection.transaction(readonly=True):
        ((_, again),) = await _redecider(books, STRICT).look(connection, [media_id])
    assert again.course is Course.CHANGED
    assert await _dump(books.pool) == state


def _default_text() -> str:
    from importlib.resources import files  # noqa: PLC0415 - one test needs it

    return (files("handlers.policy") / "rules.toml").read_text("utf-8")


async def _dump(pool: Pool) -> list[Any]:
    tables = ("media", "media_meta", "media_lifecycle_events", "bildwerk.media", "bildwerk.jobs", "bildwerk.runs",
              "bildwerk.outbox", "bildwerk.written")  # fmt: skip
    return [
        sorted(map(str, await pool.fetch(f"SELECT t::text FROM {table} AS t")))  # noqa: S608 - names of our own
        for table in tables
    ]


async def test_a_medium_that_somebody_opted_out_is_passed_over(books: Ledger) -> None:
    media_id = await _add(books)
    await _decide(books, media_id)
    before = await books.meta(media_id)
    await books.pool.execute("INSERT INTO media_meta VALUES ($1, 'bildwerk.skip', 'true')", media_id)

    assert (await _again(_redecider(books, STRICT), books, media_id))[0].course is Course.IDLE
    assert await books.meta(media_id) == {**before, "bildwerk.skip": True}
