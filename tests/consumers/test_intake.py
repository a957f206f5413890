"""Intake against a real broker and a real PostgreSQL: what is planned, what is buried, and where the offsets stand."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError
from structlog.testing import capture_logs

from consumers.flood import FloodGate
from consumers.intake import Intake
from consumers.kafka import KafkaSettings
from contracts.codec import encode
from contracts.topics import INTAKE_TOPICS, Topic
from db import intake_stop
from db.outbox import name_source
from db.pool import Connection, Database, Pool, open_pool
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from tests.brokers import Broker
from tests.consumers.conftest import Produce, until
from tests.ledger import TEXTS, choose

CREATED, UPDATED, COMPLETED = INTAKE_TOPICS


@pytest.fixture
def planner() -> Planner:
    return Planner(choose(*TEXTS))


@pytest.fixture
def intake(pool: Pool, planner: Planner, settings: KafkaSettings) -> Intake:
    return Intake(pool, planner, settings)


@asynccontextmanager
async def running(*intakes: Intake) -> AsyncIterator[Intake]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(intake.run(stop)) for intake in intakes]
    try:
        yield intakes[0]
    finally:
        stop.set()
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()


async def upload(pool: Pool, *media_ids: int) -> None:
    await pool.execute(
        "INSERT INTO public.media (id, path) SELECT n, n || '.png' FROM unnest($1::bigint[]) n", media_ids
    )


async def planned_ids(pool: Pool) -> set[int]:
    return {row["id"] for row in await pool.fetch("SELECT id FROM bildwerk.media")}


async def read_committed(settings: KafkaSettings, topic: Topic) -> int:
    """Messages of a topic that the group will not read again."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=list(settings.servers), group_id=settings.group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        offsets = [await consumer.committed(TopicPartition(settings.name(topic), number)) for number in range(3)]
        return sum(offset or 0 for offset in offsets)
    finally:
        await consumer.stop()


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


async def test_events_of_both_forms_plan_their_media_and_then_the_offsets_follow(
    pool: Pool, intake: Intake, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 7, 8, 9, 10)
    cloud = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/app"), ("ce_type", b"media.created")]
    await produce(CREATED, body(media_id=7))
    await produce(CREATED, body(media_id=8), headers=cloud)
    await produce(UPDATED, body(media_id=9, priority=5))
    await produce(CREATED, body(media_id=10, priority=-100))
    async with running(intake):
        await until(lambda: _equals(planned_ids(pool), {7, 8, 9, 10}))
        await until(lambda: _equals(read_committed(settings, CREATED), 3))
    assert await read_committed(settings, UPDATED) == 1
    priorities = await pool.fetch("SELECT priority FROM bildwerk.media ORDER BY id")
    assert [row["priority"] for row in priorities] == [0, 0, 5, -100]
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE inspect_at IS NOT NULL") == 4


BAD = [
    (None, "tombstone"),
    (b"", "empty_value"),
    (b"\xff\xfe{}", "not_utf8"),
    (b'{"media_id": 7', "not_json"),
    (b"[7]", "not_an_object"),
    (b"[" * 100_000, "too_deep"),
    (b'{"media_id": 7, "media_id": 8}', "duplicate_keys"),
    (b'{"media_id": NaN}', "bad_number"),
    (b"{}", "missing_media_id"),
    (b'{"media_id": "7"}', "bad_media_id"),
    (b'{"media_id": 7, "force": "yes"}', "bad_field"),
    (body(media_id=7, padding="x" * 2_000_000), "too_large"),
]


async def allow_large_messages(settings: KafkaSettings, topic: Topic) -> None:
    """Let a topic take more than the megabyte that is Kafka's default."""
    admin = AIOKafkaAdminClient(bootstrap_servers=list(settings.servers))
    await admin.start()
    limit = {"max.message.bytes": str(8 << 20)}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.name(topic), limit)])
    await admin.close()


async def _is_taken(produce: Produce, value: bytes | None) -> bool:
    """Send a bad event; the broker hears of a topic's new limit a moment after it was set."""
    try:
        await produce(UPDATED, value, key=b"k\xff", headers=[("h", b"\x00\xff")])
    except MessageSizeTooLargeError:
        return False
    return True


async def test_undecodable_events_are_buried_once_with_what_they_were_and_the_rest_goes_on(
    broker: Broker, pool: Pool, intake: Intake, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 1, 2)
    if broker.bounded:
        await allow_large_messages(settings, UPDATED)
    await produce(UPDATED, body(media_id=1), key=b"k\xff", headers=[("h", b"\x00\xff")])
    for value, _ in BAD:
        await until(partial(_is_taken, produce, value))
    await produce(UPDATED, body(media_id=2), key=b"k\xff")
    async with running(intake):
        await until(lambda: _equals(planned_ids(pool), {1, 2}))
    again = replace(settings, group=f"{settings.group}-again")
    async with running(replace_kafka(intake, again)):
        await until(lambda: _equals(read_committed(again, UPDATED), len(BAD) + 2))
    rows = await pool.fetch('SELECT * FROM bildwerk.dead_letters ORDER BY "offset"')
    assert [row["reason"] for row in rows] == [reason for _, reason in BAD]
    for row, (value, _) in zip(rows, BAD, strict=True):
        assert row["topic"] == settings.name(UPDATED)
        assert row["key"] == b"k\xff"
        assert row["headers"] == [["h", "\\x00\\xff"]]
        assert row["value"] == (None if value is None else value[:65_536])
        assert row["value_length"] == len(value or b"")
        assert row["value_hash"] == hashlib.sha256(value or b"").hexdigest()
    published = await pool.fetch("SELECT payload FROM bildwerk.outbox WHERE topic = $1", Topic.DEAD_LETTER)
    assert {row["payload"]["reason"] for row in published} == {reason for _, reason in BAD}
    assert len(published) == len(BAD)


async def test_an_event_of_a_type_that_is_none_of_ours_is_passed_over(
    pool: Pool, intake: Intake, settings: KafkaSettings, produce: Produce
) -> None:
    headers = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/a"), ("ce_type", b"media.viewed")]
    await produce(UPDATED, body(anything=1), headers=headers)
    await produce(COMPLETED, body(media_id=3, job_type="somebody_elses", outcome="done"))
    async with running(intake):
        await until(lambda: _equals(read_committed(settings, UPDATED), 1))
        await until(lambda: _equals(read_committed(settings, COMPLETED), 1))
    assert await planned_ids(pool) == set()
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 0


async def test_offsets_stay_while_the_database_is_away_and_everything_is_planned_when_it_is_back(
    database: str, stack: Any, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    name = database.rpartition("/")[2].partition("?")[0]
    admin = await asyncpg.connect(stack.database_url)
    async with open_pool(Database(database, pool_size=2, connect_timeout=10.0)) as pool:
        await upload(pool, 1, 2, 3)
        intake = Intake(pool, planner, settings)
        async with running(intake):
            await produce(CREATED, body(media_id=1))
            await until(lambda: _equals(read_committed(settings, CREATED), 1))
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            await produce(CREATED, body(media_id=2))
            await produce(CREATED, body(media_id=3), key=b"3")
            await until(lambda: _true(intake._failures >= 2))
            assert await read_committed(settings, CREATED) == 1
            assert intake.trouble() is None
            assert intake.unplanned == "ObjectNotInPrerequisiteStateError"
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await until(lambda: _equals(read_committed(settings, CREATED), 3))
        assert await planned_ids(pool) == {1, 2, 3}
    await admin.close()


async def test_members_that_come_and_go_lose_no_event(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    media = range(1, 601)
    await upload(pool, *media)
    intakes = [Intake(pool, planner, settings, batch=20) for _ in range(3)]

    async def send() -> None:
        for media_id in media:
            await produce(CREATED, body(media_id=media_id), key=str(media_id).encode())

    async with running(intakes[0]):
        sending = asyncio.create_task(send())
        async with running(intakes[1]):
            await until(lambda: _true(intakes[1].trouble() is None))
            async with running(intakes[2]):
                await until(lambda: _more(planned_ids(pool), 100))
        await sending
        await until(lambda: _equals(planned_ids(pool), set(media)))
        await until(lambda: _equals(read_committed(settings, CREATED), len(media)))


async def test_our_own_echo_is_dropped_unless_it_is_newer_than_the_medium(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    """P19."""
    heard: list[Planned] = []
    await upload(pool, 1, 2)
    await pool.execute("INSERT INTO bildwerk.media (id, plan_no) VALUES (1, 5)")
    source = await name_source(pool)
    for plan_no, sender in ((5, source), (4, source), (6, source), (5, "/another/program")):
        headers, value = encode_completion(sender, media_id=1, plan_no=plan_no)
        await produce(COMPLETED, value, key=b"1", headers=headers)
    async with running(Intake(pool, planner, replace(settings, session_timeout=10.0), heard.append, batch=1)):
        await until(lambda: _equals(read_committed(settings, COMPLETED), 4))
    assert [planned.media for planned in heard] == [0, 0, 1, 1]


async def test_a_foreign_completion_is_remembered_once_and_plans_its_medium(
    pool: Pool, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 4)
    planner = Planner(choose(*TEXTS, foreign=frozenset({"ollama_caption"})))
    for _ in range(2):
        await produce(COMPLETED, body(media_id=4, job_type="ollama_caption", outcome="done"))
        await produce(COMPLETED, body(media_id=4, job_type="ollama_title", outcome="done"))
    async with running(Intake(pool, planner, settings)):
        await until(lambda: _equals(read_committed(settings, COMPLETED), 4))
    rows = await pool.fetch("SELECT media_id, job_type FROM bildwerk.foreign_completions")
    assert [tuple(row) for row in rows] == [(4, "ollama_caption")]
    assert await planned_ids(pool) == {4}


async def test_a_force_counts_once_however_often_it_is_delivered(
    pool: Pool, intake: Intake, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 1)
    cloud = [("ce_specversion", b"1.0"), ("ce_id", b"abc"), ("ce_source", b"/app"), ("ce_type", b"media.updated")]
    await produce(UPDATED, body(media_id=1, force=True), headers=cloud)
    await produce(UPDATED, body(media_id=1, force=True), headers=cloud)
    await produce(UPDATED, body(media_id=1, force=True, job_types=["ollama_title", "nobody_knows"]))
    for group in (settings.group, f"{settings.group}-replay"):
        await read_all(intake, replace(settings, group=group), UPDATED, 3)
    force_ids = {row["force_id"] for row in await pool.fetch("SELECT force_id FROM bildwerk.forces")}
    assert len(force_ids) == 2
    jobs = {r["job_type"]: r for r in await pool.fetch("SELECT * FROM bildwerk.jobs WHERE media_id = 1")}
    assert all(job["forced"] for job in jobs.values())


async def test_a_key_of_another_medium_is_told_of_and_its_event_is_planned(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    """E24."""
    await upload(pool, 1, 2)
    await produce(CREATED, body(media_id=1), key=b"media-1")
    await produce(CREATED, body(media_id=2), key=b"media-1")
    with capture_logs() as logs:
        async with running(Intake(pool, planner, replace(settings, session_timeout=10.0, key="media-{media_id}"))):
            await until(lambda: _equals(read_committed(settings, CREATED), 2))
    assert await planned_ids(pool) == {1, 2}
    told = [entry["count"] for entry in logs if entry["event"] == "intake.ignored"]
    assert sum(told) == 1


class PlannerWithABug(Planner):
    """Fails for medium 13, whole batch and all, as no planner should."""

    async def plan_media(self, connection: Connection, requests: Sequence[PlanRequest]) -> Planned:
        if any(request.media_id == 13 for request in requests):
            raise ZeroDivisionError
        return await super().plan_media(connection, requests)


async def test_an_event_that_cannot_be_planned_is_buried_and_its_neighbours_are_planned(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 12, 13, 14)
    for media_id in (12, 13, 14):
        await produce(CREATED, body(media_id=media_id))
    async with running(Intake(pool, PlannerWithABug(planner.chain), settings)):
        await until(lambda: _equals(read_committed(settings, CREATED), 3))
    assert await planned_ids(pool) == {12, 14}
    assert await pool.fetchval("SELECT reason FROM bildwerk.dead_letters") == "unplannable"


async def test_a_topic_full_of_rubbish_stops_intake_before_it_is_drained_until_a_person_lifts_it(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 7)
    for _ in range(10):
        await produce(CREATED, b"rubbish")
    await produce(CREATED, body(media_id=7))
    gate, settings = FloodGate(consecutive=10), replace(settings, session_timeout=10.0)
    intake = Intake(pool, planner, settings, gate=gate, batch=5, look=0.1)
    async with running(intake):
        await until(lambda: _true(intake.stopped is not None))
        stop = intake.stopped
        assert stop
        assert (stop.dead, stop.events, stop.reason, stop.topic) == (10, 10, "not_json", settings.name(CREATED))
        await until(lambda: _true(intake.trouble() is not None))
        assert await read_committed(settings, CREATED) == 5
        assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 5
        assert await planned_ids(pool) == set()
    assert await read_committed(settings, CREATED) == 5

    async with running(Intake(pool, planner, settings, gate=gate, look=0.1)) as again:
        await until(lambda: _true(again.stopped == stop))
        assert await planned_ids(pool) == set()
        await intake_stop.lift(pool)
        await until(lambda: _equals(planned_ids(pool), {7}))
        assert again.stopped is None
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 10


async def test_one_process_stops_the_others(
    pool: Pool, planner: Planner, settings: KafkaSettings, produce: Produce
) -> None:
    await upload(pool, 7)
    intake = Intake(pool, planner, settings, look=0.1)
    async with running(intake):
        await until(lambda: _true(intake.trouble() is None))
        await intake_stop.put(pool, intake_stop.IntakeStop(9, 9, "not_json", "t", 0, 1))
        await produce(CREATED, body(media_id=7))
        await until(lambda: _true(intake.stopped is not None))
        assert await planned_ids(pool) == set()
        await intake_stop.lift(pool)
        await until(lambda: _equals(planned_ids(pool), {7}))


async def test_a_process_that_starts_while_intake_is_stopped_does_not_even_join(pool: Pool, planner: Planner) -> None:
    await intake_stop.put(pool, intake_stop.IntakeStop(9, 9, "not_json", "t", 0, 1))
    intake = Intake(pool, planner, KafkaSettings(("127.0.0.1:9",)), look=0.05)
    async with running(intake):
        await until(lambda: _true(intake.stopped is not None))
        assert intake._failures == 0


async def test_an_absent_broker_is_waited_for(pool: Pool, planner: Planner) -> None:
    intake = Intake(pool, planner, KafkaSettings(("127.0.0.1:9",)))
    async with running(intake):
        await until(lambda: _true(intake._failures >= 2))
        assert intake.trouble() == "not connected"


def replace_kafka(intake: Intake, kafka: KafkaSettings) -> Intake:
    return Intake(intake.pool, intake.planner, kafka)


async def read_all(intake: Intake, kafka: KafkaSettings, topic: Topic, count: int) -> None:
    async with running(replace_kafka(intake, kafka)):
        await until(lambda: _equals(read_committed(kafka, topic), count))


def encode_completion(source: str, **members: Any) -> tuple[list[tuple[str, bytes]], bytes]:
    members = {"job_type": "ollama_title", "outcome": "done", **members}
    return encode(uuid4(), source, COMPLETED, datetime.now(UTC), members)


async def _equals(answer: Any, expected: Any) -> bool:
    return bool(await answer == expected)


async def _more(answer: Any, number: int) -> bool:
    return len(await answer) > number


async def _true(value: bool) -> bool:
    return value
