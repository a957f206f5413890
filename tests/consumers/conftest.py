"""Topics of this test's own on the shared broker, a pool on its own database, and a reader from outside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord, RecordMetadata

from consumers.kafka import KafkaSettings, create_topics
from contracts.topics import Topic
from db.pool import Database, Pool, open_pool
from tests.brokers import Broker
from tests.ledger import Ledger
from tests.room import Room, open_room

Read = Callable[..., Awaitable[list[ConsumerRecord]]]
Produce = Callable[..., Awaitable[RecordMetadata]]


@pytest_asyncio.fixture
async def settings(broker: Broker, unique: str) -> KafkaSettings:
    """Return settings for topics with three partitions each.

    A dead member is missed within seconds, and the embedded broker lets the first one in after half of that.
    """
    topics: Mapping[Topic, str] = {topic: f"{unique}.{topic.value}" for topic in Topic}
    made = KafkaSettings(
        (broker.address,), f"group-{unique}", topics, idempotence=broker.idempotence,
        session_timeout=broker.session_timeout, rebalance_timeout=4.0, send_timeout=3.0,
    )  # fmt: skip
    await create_topics(replace(made, send_timeout=30.0), partitions=3)
    return made


@pytest_asyncio.fixture
async def pool(database: str, lock_timeout: float) -> AsyncIterator[Pool]:
    """Return a pool on a fresh migrated database."""
    async with open_pool(Database(database, pool_size=5, lock_timeout=lock_timeout)) as opened:
        yield opened


@pytest_asyncio.fixture
async def room(ledger: Ledger, tmp_path: Path) -> AsyncIterator[Room]:
    """Return an inspector that looks again at once."""
    async with open_room(ledger, tmp_path) as opened:
        yield opened


@pytest.fixture
def read(settings: KafkaSettings) -> Read:
    """Return a function `(topic, count, seconds=60)` that reads a topic from its beginning until it has `count`."""

    async def read_topic(topic: Topic, count: int, seconds: float = 60.0) -> list[ConsumerRecord]:
        name = settings.name(topic)
        consumer = AIOKafkaConsumer(bootstrap_servers=list(settings.servers), auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(name, number) for number in range(3)])
            records: list[ConsumerRecord] = []
            until = asyncio.get_running_loop().time() + seconds
            while len(records) < count:
                assert asyncio.get_running_loop().time() < until, f"{len(records)} of {count} messages on {topic}"
                for batch in (await consumer.getmany(timeout_ms=100)).values():
                    records += batch
            return records
        finally:
            await consumer.stop()

    return read_topic


@pytest_asyncio.fixture
async def produce(settings: KafkaSettings) -> AsyncIterator[Produce]:
    """Return a function `(topic, value, key=None, headers=())` that sends a message as another program would."""
    producer = AIOKafkaProducer(bootstrap_servers=list(settings.servers), max_request_size=8 << 20)
    await producer.start()

    async def send(
        topic: Topic, value: bytes | None, key: bytes | None = b"7", headers: Sequence[tuple[str, bytes]] = ()
    ) -> RecordMetadata:
        return await producer.send_and_wait(settings.name(topic), value, key=key, headers=headers)

    yield send
    await producer.stop()


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60.0) -> Any:
    """Ask again until the answer is true; fails when the time is over."""
    end = asyncio.get_running_loop().time() + seconds
    while not (answer := await condition()):
        assert asyncio.get_running_loop().time() < end, "it did not become true in time"
        await asyncio.sleep(0.02)
    return answer
