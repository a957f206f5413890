"""A broker as Kafka comes makes every topic that it is asked about; ours are made by `migrate --topics` only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest_asyncio
from aiokafka.errors import KafkaError

from bildwerk.sandbox.apache_kafka import Cluster, start_cluster
from consumers.kafka import KafkaSettings, count_partitions, make_producer
from consumers.reader import open_reader
from contracts.topics import Topic
from tests.kafka_real.broker import fetch_kafka


@pytest_asyncio.fixture
async def eager(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Return a broker with Kafka's own default: it makes what it is asked about."""
    cluster = await start_cluster(await fetch_kafka(), tmp_path, properties={"auto.create.topics.enable": "true"})
    yield cluster
    await cluster.stop()


async def test_asking_for_a_topic_does_not_make_it(eager: Cluster) -> None:
    settings = KafkaSettings((eager.address,), session_timeout=6.0)
    async with open_reader(settings) as reader:
        assert await reader.poll(10, 3.0) == []
    producer = make_producer(settings)
    await producer.start()
    try:
        for topic in Topic:
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.partitions_for(settings.name(topic)), 1.0)
    finally:
        await producer.stop()
    assert await count_partitions(settings) == dict.fromkeys(Topic, 0)
