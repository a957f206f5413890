"""F11: a broker that answers with errors. What passes is tried again; what does not holds up nobody else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from consumers.kafka import KafkaSettings
from consumers.relay import Relay
from contracts.topics import Topic
from db.pool import Pool
from tests.consumers.conftest import until
from tests.consumers.test_relay import add, count_rows, header
from tests.mock_kafka import MockKafka, start_mock_kafka

STAGE, CREATED = Topic.STAGE_COMPLETED, Topic.MEDIA_CREATED
PASSING = {
    "NOT_LEADER_OR_FOLLOWER": 6,
    "REQUEST_TIMED_OUT": 7,
    "NOT_ENOUGH_REPLICAS": 19,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": 20,
    "OUT_OF_ORDER_SEQUENCE_NUMBER": 45,
}
TOO_LARGE, FORBIDDEN = 10, 29


@pytest.fixture
def mock() -> Iterator[MockKafka]:
    with start_mock_kafka() as started:
        for topic in (STAGE, CREATED, Topic.DEAD_LETTER):
            started.create_topic(topic)
        yield started


@pytest.fixture
def relay(pool: Pool, mock: MockKafka) -> Relay:
    return Relay(pool, KafkaSettings((mock.address,), send_timeout=5.0), poll=0.05)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def read(mock: MockKafka, topic: Topic, count: int) -> list[ConsumerRecord]:
    reader = AIOKafkaConsumer(bootstrap_servers=mock.address, auto_offset_reset="earliest")
    await reader.start()
    try:
        reader.assign([TopicPartition(topic.value, 0)])
        records: list[ConsumerRecord] = []
        async with asyncio.timeout(60):
            while len(records) < count:
                for batch in (await reader.getmany(timeout_ms=200)).values():
                    records += batch
        return records
    finally:
        await reader.stop()


async def empty(pool: Pool) -> bool:
    return await count_rows(pool) == 0


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
async def test_what_passes_is_sent_again_in_order(pool: Pool, mock: MockKafka, relay: Relay, code: int) -> None:
    mock.refuse([code, code])
    sent = await add(pool, [1, 2, 1, 1])
    async with running(relay):
        await until(lambda: empty(pool), 60)
    told = list(dict.fromkeys(header(record, "ce_id") for record in await read(mock, STAGE, 4)))
    ours = [str(event_id) for event_id in sent]
    assert sorted(told) == sorted(ours)
    of_one = {ours[0], ours[2], ours[3]}
    assert [event_id for event_id in told if event_id in of_one] == [ours[0], ours[2], ours[3]]
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 0


async def test_an_event_that_is_too_large_for_the_broker_is_a_dead_letter(
    pool: Pool, mock: MockKafka, relay: Relay
) -> None:
    await add(pool, [1])
    mock.refuse([TOO_LARGE])
    async with running(relay):
        await until(lambda: empty(pool), 60)
        await add(pool, [2])
        await until(lambda: empty(pool), 60)
    assert [record.key for record in await read(mock, STAGE, 1)] == [b"2"]
    assert await pool.fetchval("SELECT reason FROM bildwerk.dead_letters") == "refused_by_broker"


async def test_a_topic_that_may_not_be_written_is_left_for_a_while_and_loses_nothing(
    pool: Pool, mock: MockKafka, relay: Relay
) -> None:
    relay.reopen = 2.0
    mock.refuse([FORBIDDEN])
    await add(pool, [1])
    async with running(relay):
        await until(lambda: closed(relay), 60)
        await add(pool, [2], topic=CREATED)
        assert [record.key for record in await read(mock, CREATED, 1)] == [b"2"]
        await until(lambda: empty(pool), 60)
    assert [record.key for record in await read(mock, STAGE, 1)] == [b"1"]


async def closed(relay: Relay) -> bool:
    return bool(relay._closed)
