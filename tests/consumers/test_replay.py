"""Replaying a topic on a real broker and a real PostgreSQL: what is planned again, and what is left alone."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from consumers.intake import Intake
from consumers.kafka import KafkaSettings
from consumers.range_reader import open_range
from consumers.replay import Replay, Tally
from consumers.stretch import Stretch
from consumers.triage import Rules
from contracts.codec import encode
from contracts.topics import Topic
from db.outbox import name_source
from handlers.failures import BadAnswer
from handlers.runner.finishing import Failed
from handlers.runner.planning import Force
from handlers.runner.rerunning import ForceAgain, Rerun, RetryFailed
from tests.consumers.conftest import Produce, until
from tests.consumers.test_intake import read_committed, running
from tests.ledger import Ledger

CREATED, UPDATED, COMPLETED = Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED, Topic.STAGE_COMPLETED
CAPTION, TITLE = "ollama_caption", "ollama_title"


class Replayer:
    """Replays a topic of the test's own."""

    def __init__(self, ledger: Ledger, settings: KafkaSettings) -> None:
        self.ledger, self.settings = ledger, settings

    @property
    def rules(self) -> Rules:
        return Rules(frozenset(self.ledger.planner.chain.upstreams), max_bytes=1_000)

    async def __call__(
        self, topic: Topic = CREATED, rerun: Rerun | None = None, stretch: Stretch | None = None, **options: Any
    ) -> Tally:
        task = Replay(self.ledger.pool, self.ledger.planner, self.rules, stretch or Stretch(), rerun, **options)
        async with open_range(self.settings, topic) as reader:
            await task.run(reader)
        return task.tally

    def force(self, force_id: str, *job_types: str, cascade: bool = False) -> ForceAgain:
        return ForceAgain(self.ledger.planner.chain, Force(force_id, job_types, cascade))


@pytest.fixture
def replay(ledger: Ledger, settings: KafkaSettings) -> Replayer:
    return Replayer(ledger, settings)


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


async def state(ledger: Ledger) -> list[list[tuple[Any, ...]]]:
    """All that a replay could change."""
    return [
        sorted(map(tuple, await ledger.pool.fetch(query)))
        for query in (
            "SELECT t::text FROM bildwerk.media AS t",
            "SELECT t::text FROM bildwerk.jobs AS t",
            "SELECT t::text FROM bildwerk.outbox AS t",
            "SELECT t::text FROM bildwerk.forces AS t",
            "SELECT t::text FROM bildwerk.dead_letters AS t",
        )
    ]


async def fail_caption(ledger: Ledger) -> int:
    """A medium whose caption failed."""
    media_id = await ledger.add(f"{uuid4()}.jpg", uuid4().hex)
    lease = await ledger.claim()
    await ledger.finish(await ledger.start(lease, CAPTION), Failed(BadAnswer("refusal")))
    await ledger.release(lease)
    return media_id


async def test_finished_work_is_left_alone(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    """I16, transition 7."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await produce(CREATED, body(media_id=media_id))
    await produce(CREATED, body(media_id=media_id))
    before = await state(ledger)

    tally = await replay()

    assert (tally.events, tally.media, tally.changed) == (2, 1, 0)
    assert await state(ledger) == before


async def test_an_event_that_was_lost_is_made_up_for(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    await ledger.pool.execute("INSERT INTO public.media (id, path) VALUES (7, 'a.jpg')")
    await produce(CREATED, body(media_id=7))
    await produce(CREATED, body(media_id=8))

    dry = await replay(dry=True)
    assert (dry.media, dry.unknown, dry.uninspected) == (2, 2, 0)
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media") == 0

    tally = await replay()
    assert (tally.media, tally.uninspected, tally.missing) == (2, 1, 1)
    looked_for = await ledger.pool.fetchval("SELECT missing_event ->> 'offset' FROM bildwerk.media WHERE id = 8")
    assert looked_for is not None, "it is looked for, and a dead letter if it never comes"


async def test_what_cannot_be_understood_is_counted_and_not_buried_again(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    media_id = await ledger.add()
    await produce(CREATED, b"rubbish")
    await produce(CREATED, body(media_id=media_id, x="x" * 2_000))
    await produce(CREATED, body(media_id=media_id))

    tally = await replay()

    assert tally.undecodable == {"not_json": 1, "too_large": 1}
    assert (tally.events, tally.media) == (3, 1)
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 0


async def test_forces_of_events_are_honoured_once_however_often_they_are_replayed(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    """P21, with a CloudEvent's id and without."""
    media_id = await ledger.add()
    cloud = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/a"), ("ce_type", b"media.updated")]
    await produce(UPDATED, body(media_id=media_id, force=True, job_types=[CAPTION]), headers=cloud)
    await produce(UPDATED, body(media_id=media_id, force=True, job_types=[CAPTION]))

    assert (await replay(UPDATED, dry=True)).changed == 1
    assert (await replay(UPDATED)).changed == 1
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 2 - 1, (
        "two forces before the run are one run (P13)"
    )
    again = await replay(UPDATED)

    assert again.changed == 0
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 1


async def test_failed_jobs_are_tried_again_once_a_replay(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    """Transition 16."""
    failed, fine = await fail_caption(ledger), await ledger.add("b.jpg", "f2")
    for media_id in (failed, fine, failed):
        await produce(CREATED, body(media_id=media_id))
    retry = RetryFailed(frozenset({CAPTION, TITLE}))

    dry = await replay(rerun=retry, dry=True, batch=1)
    assert (await ledger.verdict(failed, CAPTION))["status"] == "failed"
    tally = await replay(rerun=retry, batch=1)

    assert dry.media == tally.media == 2, "named twice, planned once"
    assert dry.jobs == tally.jobs == {CAPTION: 1}
    assert dry.changed == tally.changed == 1
    verdict = await ledger.verdict(failed, CAPTION)
    assert (verdict["status"], verdict["generation"], verdict["forced"]) == ("due", 1, False)
    assert (await ledger.verdict(fine, CAPTION))["generation"] == 0
    assert (await replay(rerun=retry)).jobs == {}


async def test_only_failed_jobs_of_the_types_named(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    failed = await fail_caption(ledger)
    await produce(CREATED, body(media_id=failed))

    assert (await replay(rerun=RetryFailed(frozenset({TITLE})))).jobs == {}
    assert (await ledger.verdict(failed, CAPTION))["status"] == "failed"


async def test_a_force_counts_once_per_id_and_medium_and_another_id_counts_again(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    """P21: a replay that was broken off goes on under its id."""
    media = [await ledger.add("a.jpg", "f1"), await ledger.add("b.jpg", "f2")]
    await ledger.caption(media[0])
    for media_id in media:
        await produce(CREATED, body(media_id=media_id))
    one = replay.force("replay:one", CAPTION)

    await replay(rerun=one, stretch=Stretch(media_ids=frozenset(media[:1])))
    assert (await replay(rerun=one, dry=True)).jobs == {CAPTION: 1}
    assert (await replay(rerun=one)).jobs == {CAPTION: 1}
    assert (await replay(rerun=one)).jobs == {}
    assert [(await ledger.verdict(m, CAPTION))["generation"] for m in media] == [1, 1]
    assert (await ledger.verdict(media[0], CAPTION))["reason"] == "forced"

    assert (await replay(rerun=replay.force("replay:two", CAPTION))).jobs == {CAPTION: 2}
    assert [(await ledger.verdict(m, CAPTION))["generation"] for m in media] == [2, 2]


async def test_a_cascade_takes_what_comes_after(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    await produce(CREATED, body(media_id=await ledger.add()))

    assert (await replay(rerun=replay.force("a", CAPTION), dry=True)).jobs == {CAPTION: 1}
    assert (await replay(rerun=replay.force("a", CAPTION, cascade=True), dry=True)).jobs == {CAPTION: 1, TITLE: 1}


async def test_events_only_name_media_where_jobs_are_done_again(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    """What is to be done again is what the command says, not what old events wanted."""
    media_id = await ledger.add()
    await produce(UPDATED, body(media_id=media_id, force=True, priority=50))

    await replay(UPDATED, rerun=RetryFailed(frozenset({CAPTION})))

    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 0
    assert await ledger.pool.fetchval("SELECT priority FROM bildwerk.media") == 0


async def test_our_own_completions_name_media_and_plan_none_that_is_newer(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    failed = await fail_caption(ledger)
    source = await name_source(ledger.pool)
    told: dict[str, Any] = {"media_id": failed, "job_type": CAPTION, "outcome": "failed", "plan_no": 1}
    now = await ledger.pool.fetchval("SELECT now()")
    headers, value = encode(uuid4(), source, COMPLETED, now, told)
    await produce(COMPLETED, value, headers=headers)

    plain = await replay(COMPLETED)
    assert (plain.events, plain.echoes, plain.media) == (1, 1, 0)
    assert (await replay(COMPLETED, rerun=RetryFailed(frozenset({CAPTION})))).jobs == {CAPTION: 1}


async def test_media_and_times_are_chosen(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    media = [await ledger.add("a.jpg", "f1"), await ledger.add("b.jpg", "f2")]
    first = await produce(CREATED, body(media_id=media[0]))
    await asyncio.sleep(0.01)  # a later millisecond
    second = await produce(CREATED, body(media_id=media[1]))
    moments = first.timestamp, second.timestamp
    assert moments[0] < moments[1]

    one = await replay(stretch=Stretch(media_ids=frozenset(media[1:])))
    assert (one.events, one.outside, one.media) == (2, 1, 1)
    late = await replay(stretch=Stretch(since=moments[1]), rerun=replay.force("late"))
    assert (late.outside, late.jobs) == (1, {CAPTION: 1, TITLE: 1})
    early = await replay(stretch=Stretch(until=moments[1]), rerun=replay.force("late"))
    assert (early.outside, early.jobs) == (1, {CAPTION: 1, TITLE: 1})
    assert (await replay(rerun=replay.force("late"))).jobs == {}


async def test_no_more_media_are_planned_a_second_than_told(ledger: Ledger, replay: Replayer, produce: Produce) -> None:
    """Waiting is all that a slow machine can add."""
    for _ in range(6):
        await produce(CREATED, body(media_id=await ledger.add(f"{uuid4()}.jpg", uuid4().hex)))
    began = time.monotonic()

    await replay(rate=5.0)

    assert time.monotonic() - began >= 1.0


async def test_a_replay_and_the_group_do_not_see_each_other(
    ledger: Ledger, replay: Replayer, settings: KafkaSettings, produce: Produce
) -> None:
    media_id = await ledger.add()
    await produce(CREATED, body(media_id=media_id))
    async with running(Intake(ledger.pool, ledger.planner, replace(settings, session_timeout=10.0))) as intake:
        await until(lambda: _equals(read_committed(settings, CREATED), 1))
        epoch = intake._reader and intake._reader._epoch
        await replay()
        await produce(CREATED, body(media_id=media_id))
        await until(lambda: _equals(read_committed(settings, CREATED), 2))
        assert (intake._reader and intake._reader._epoch) == epoch, "nobody had to join again"


async def test_a_dry_run_changes_nothing_and_says_what_a_run_does(
    ledger: Ledger, replay: Replayer, produce: Produce
) -> None:
    failed, fine = await fail_caption(ledger), await ledger.add("b.jpg", "f2")
    await ledger.pool.execute("DELETE FROM public.media WHERE id = $1", await ledger.add("c.jpg", "f3"))
    for media_id in (failed, fine, fine + 1):
        await produce(UPDATED, body(media_id=media_id, force=True, job_types=[CAPTION]))
    before = await state(ledger)

    foreseen = await replay(UPDATED, dry=True)
    assert await state(ledger) == before
    assert foreseen == await replay(UPDATED)
    assert foreseen.changed == 3


async def _equals(answer: Any, expected: Any) -> bool:
    return bool(await answer == expected)
