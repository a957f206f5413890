"""The relay against a real broker and a real PostgreSQL."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.structs import ConsumerRecord

from bildwerk.sandbox.broker import start_broker
from consumers import publishing
from consumers.kafka import KafkaSettings, create_topics
from consumers.publishing import Publisher, split_waves
from consumers.relay import Relay, Round
from contracts.codec import Decoded, Mode, decode
from contracts.topics import Topic
from db import outbox
from db.pool import Pool
from tests.brokers import KINDS, Broker, as_broker
from tests.consumers.conftest import Read, until

STAGE = Topic.STAGE_COMPLETED


async def add(pool: Pool, media_ids: list[int], topic: str = STAGE, padding: str = "", first: int = 0) -> list[UUID]:
    rows = await pool.fetch(
        "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload)"
        " SELECT m.id::text, $2, $2, jsonb_build_object('media_id', m.id, 'job_type', 'ollama_title',"
        " 'outcome', 'done', 'run', $4 + m.n, 'padding', $3::text)"
        " FROM unnest($1::bigint[]) WITH ORDINALITY AS m (id, n) ORDER BY n RETURNING event_id",
        media_ids, topic, padding, first,
    )  # fmt: skip
    return [row["event_id"] for row in rows]


async def count_rows(pool: Pool) -> int:
    number: int = await pool.fetchval("SELECT count(*) FROM bildwerk.outbox")
    return number


def header(record: ConsumerRecord, name: str) -> str:
    return bytes(dict(record.headers)[name]).decode()


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(relay.run(stop)) for relay in relays]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


@dataclass(frozen=True)
class Freezable:
    """A broker, and the process that it is."""

    broker: Broker
    pid: int

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


@pytest_asyncio.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Freezable]:
    """Return an embedded broker of the test's own: the shared one is the stack's."""
    process, address = await start_broker(tmp_path)
    yield Freezable(Broker(address), process.pid)
    await process.stop()


@pytest.fixture(params=KINDS)
def freezable(request: pytest.FixtureRequest) -> Iterator[Freezable]:
    """Return a broker that may be frozen; it thaws after the test."""
    found = request.getfixturevalue(request.param)
    if request.param == "apache_kafka":
        found = Freezable(as_broker(found), found.process.pid)
    yield found
    found.send(signal.SIGCONT)


def name_topics(broker: Broker, unique: str) -> KafkaSettings:
    topics = {topic: f"{unique}.{topic.value}" for topic in Topic}
    return KafkaSettings((broker.address,), topics=topics, idempotence=broker.idempotence, send_timeout=2.0)


async def test_rows_become_cloud_events_and_are_forgotten(pool: Pool, settings: KafkaSettings, read: Read) -> None:
    event_ids = await add(pool, [7, 8, 7])
    installation = await pool.fetchval("SELECT id FROM bildwerk.installation")
    async with running(Relay(pool, settings)):
        records = await read(STAGE, 3)
        await until(lambda: _is_empty(pool))
    assert {header(r, "ce_id") for r in records} == {str(event_id) for event_id in event_ids}
    for record in records:
        decoded = decode(STAGE, record.value, record.headers)
        assert isinstance(decoded, Decoded)
        assert record.key == str(decoded.event.media_id).encode()
        assert decoded.source == header(record, "ce_source") == f"urn:bildwerk:{installation}"
        assert header(record, "ce_type") == "stage.completed"
        assert header(record, "content-type") == "application/json"


async def test_a_platform_may_have_structured_mode_and_its_own_keys(
    pool: Pool, settings: KafkaSettings, read: Read
) -> None:
    chosen = replace(settings, mode=Mode.STRUCTURED, key="media-{media_id}")
    (event_id,) = await add(pool, [7])
    await add(pool, [8], topic=Topic.DEAD_LETTER)
    async with running(Relay(pool, chosen)):
        (record,) = await read(STAGE, 1)
        (letter,) = await read(Topic.DEAD_LETTER, 1)
    assert record.key == b"media-7"
    assert dict(record.headers) == {"content-type": b"application/cloudevents+json; charset=UTF-8"}
    decoded = decode(STAGE, record.value, record.headers)
    assert isinstance(decoded, Decoded)
    assert (decoded.event.media_id, decoded.event_id) == (7, str(event_id))
    assert letter.key == b"8", "a place, which a template would garble"
    assert json.loads(letter.value)["type"] == Topic.DEAD_LETTER


async def test_a_wake_up_publishes_without_waiting_for_the_poll(
    pool: Pool, settings: KafkaSettings, read: Read
) -> None:
    relay = Relay(pool, settings, poll=3600.0)
    async with running(relay):
        await until(lambda: _true(relay._producer))
        await add(pool, [1])
        relay.wake.set()
        assert len(await read(STAGE, 1)) == 1


async def test_several_relays_keep_each_mediums_order_and_lose_nothing(
    pool: Pool, settings: KafkaSettings, read: Read
) -> None:
    media = [n % 17 for n in range(1, 1_001)]
    relays = [Relay(pool, settings, batch=64, poll=0.05) for _ in range(3)]
    async with running(*relays):
        for start in range(0, 1_000, 100):
            await add(pool, media[start : start + 100], first=start)
        await until(lambda: _is_empty(pool))
    records = await read(STAGE, 1_000)
    assert len({header(r, "ce_id") for r in records}) == len(records) == 1_000
    by_medium: dict[bytes, list[int]] = {}
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        by_medium.setdefault(record.key, []).append(json.loads(record.value)["run"])
    assert all(runs == sorted(runs) for runs in by_medium.values())


async def test_rows_wait_while_the_broker_is_away_and_leave_when_it_is_back(
    pool: Pool, freezable: Freezable, unique: str
) -> None:
    settings = name_topics(freezable.broker, unique)
    await create_topics(settings, partitions=1)
    relay = Relay(pool, settings, poll=0.05, deadline=1.0)
    async with running(relay):
        await add(pool, [1])
        await until(lambda: _is_empty(pool))
        freezable.send(signal.SIGSTOP)
        await add(pool, [1, 2, 1])
        await until(lambda: _true(relay._failures))
        assert await count_rows(pool) == 3
        freezable.send(signal.SIGCONT)
        await until(lambda: _is_empty(pool))
        await until(lambda: _true(relay._failures == 0))


async def test_a_cluster_that_is_silent_closes_no_topic(pool: Pool, freezable: Freezable, unique: str) -> None:
    settings = name_topics(freezable.broker, unique)
    relay = Relay(pool, settings)
    try:
        await until(lambda: _becomes(relay, Round.IDLE))  # its producer has connected, and knows no topic yet
        await create_topics(settings, partitions=1)
        await add(pool, [1])
        freezable.send(signal.SIGSTOP)
        assert await relay.relay_batch() is Round.FAILED
        assert relay._closed == {}
        freezable.send(signal.SIGCONT)
        await until(lambda: _becomes(relay, Round.EMPTIED))
        assert await count_rows(pool) == 0
    finally:
        freezable.send(signal.SIGCONT)
        await relay._drop_producer()


async def test_one_missing_topic_does_not_hold_up_the_others(pool: Pool, settings: KafkaSettings, read: Read) -> None:
    await add(pool, [1, 2], "no such topic!")
    await add(pool, [1, 3])
    async with running(Relay(pool, settings, poll=0.05, batch=2)):
        assert len(await read(STAGE, 2)) == 2
        await until(lambda: _equals(pool, 2))
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.outbox WHERE topic = 'no such topic!'") == 2


async def test_a_topic_that_a_busy_machine_told_late_of_is_not_closed(
    pool: Pool, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its partitions came after we stopped waiting for them: nothing is to be held back for half a minute."""
    relay = Relay(pool, settings)
    try:
        await until(lambda: _becomes(relay, Round.IDLE))
        producer = relay._producer
        assert producer
        ask = producer.partitions_for

        async def ask_too_shortly(name: str) -> object:
            asking = asyncio.create_task(ask(name))
            await asyncio.sleep(0)
            asking.cancel()
            raise TimeoutError

        producer.partitions_for = ask_too_shortly
        monkeypatch.setattr(publishing, "METADATA_SECONDS", 30.0)
        await add(pool, [1])
        assert await relay.relay_batch() is Round.EMPTIED
        assert relay._closed == {}
    finally:
        await relay._drop_producer()


class Guarded:
    """The library's producer, at a cluster that lets us see all topics and write to all but one."""

    client = None

    async def partitions_for(self, name: str) -> set[int]:
        return {len(name)}

    async def send(self, name: str, value: bytes, **_: object) -> asyncio.Future[bytes]:
        told: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if name == Topic.MEDIA_CREATED:
            told.set_exception(TopicAuthorizationFailedError(name))
        else:
            told.set_result(value)
        return told


async def test_a_topic_that_may_be_seen_but_not_written_holds_up_no_other() -> None:
    now = datetime.now(UTC)
    rows = [
        outbox.Row(number, uuid4(), str(number), topic, topic, {"media_id": number}, now)
        for number, topic in enumerate((Topic.MEDIA_CREATED.value, STAGE.value), 1)
    ]

    said = await Publisher(Guarded(), KafkaSettings(("x",)), "urn:x", 5.0).publish(rows)

    assert [row.id for row in said.acknowledged] == [2]
    assert said.closed_topics == {"media.created"}


async def test_a_row_that_no_broker_takes_becomes_a_dead_letter(
    pool: Pool, settings: KafkaSettings, read: Read
) -> None:
    await add(pool, [5], padding="x" * 1_100_000)
    await add(pool, [6])
    async with running(Relay(pool, settings, poll=0.05)):
        await read(STAGE, 1)
        letters = await read(Topic.DEAD_LETTER, 1)
        await until(lambda: _is_empty(pool))
    assert json.loads(letters[0].value)["reason"] == "refused_by_broker"
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters WHERE reason = 'refused_by_broker'") == 1


async def test_a_failed_send_stops_that_mediums_later_rows_only(pool: Pool, settings: KafkaSettings) -> None:
    """P20."""
    await add(pool, [5], padding="x" * 1_100_000)
    await add(pool, [5, 6])
    relay = Relay(pool, settings)
    try:
        await until(lambda: _becomes(relay, Round.SENT))
        left = await pool.fetch("SELECT aggregateid FROM bildwerk.outbox WHERE topic = $1", STAGE.value)
        assert [row["aggregateid"] for row in left] == ["5"]
    finally:
        await relay._drop_producer()


async def test_a_producer_that_lost_its_sender_is_made_anew(pool: Pool, settings: KafkaSettings, read: Read) -> None:
    relay = Relay(pool, settings, poll=0.05)
    async with running(relay):
        producer = await until(lambda: _true(relay._producer))
        producer._sender.sender_task.cancel()
        await add(pool, [1])
        assert len(await read(STAGE, 1)) >= 1
        await until(lambda: _is_empty(pool))
        assert relay._producer is not producer


async def test_it_looks_again_at_once_unless_everything_was_sent(pool: Pool, settings: KafkaSettings) -> None:
    relay = Relay(pool, settings, batch=2)
    await create_topics(settings, partitions=1)
    await add(pool, [1, 2, 3])
    try:
        await until(lambda: _becomes(relay, Round.SENT))
        assert await relay.relay_batch() is Round.EMPTIED
        assert await count_rows(pool) == 0
    finally:
        await relay._drop_producer()


async def test_the_lock_lets_one_relay_through(pool: Pool, settings: KafkaSettings) -> None:
    relay = Relay(pool, settings)
    try:
        async with pool.acquire() as other, other.transaction():
            assert await outbox.try_lock(other)
            await until(lambda: _becomes(relay, Round.BUSY))
        assert await relay.relay_batch() is Round.IDLE
    finally:
        await relay._drop_producer()


async def test_a_database_that_is_away_only_delays(pool: Pool, settings: KafkaSettings) -> None:
    relay = Relay(pool, settings)
    await pool.close()
    assert await relay.relay_batch() is Round.FAILED


def test_waves_hold_one_row_of_a_medium_each_in_order() -> None:
    rows = [outbox.Row(n, UUID(int=n), key, "t", "t", {}, None) for n, key in enumerate("aabacb")]  # type: ignore[arg-type]
    assert [[row.id for row in wave] for wave in split_waves(rows)] == [[0, 2, 4], [1, 5], [3]]


def test_no_rows_are_no_waves() -> None:
    assert list(split_waves([])) == []


async def _becomes(relay: Relay, expected: Round) -> bool:
    """Whether a round ends so; one that failed may find its broker the next time."""
    ended = await relay.relay_batch()
    assert ended in (expected, Round.FAILED)
    return ended is expected


async def _is_empty(pool: Pool) -> bool:
    return await count_rows(pool) == 0


async def _equals(pool: Pool, number: int) -> bool:
    return await count_rows(pool) == number


async def _true(value: object) -> object:
    return value
