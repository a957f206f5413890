"""Settings and topics, against a real broker."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.kafka import (
    KafkaSettings,
    count_partitions,
    create_topics,
    make_consumer,
)
from contracts.topics import Topic


def name_topics(unique: str) -> dict[Topic, str]:
    return {topic: f"{unique}.{topic.value}" for topic in Topic}


async def test_missing_topics_have_no_partitions(kafka: str, unique: str) -> None:
    settings = KafkaSettings((kafka,), topics=name_topics(unique))
    assert await count_partitions(settings) == dict.fromkeys(settings.topics.values(), 0)


async def test_topics_are_created_once_with_equal_partitions_also_by_two_at_once(kafka: str, unique: str) -> None:
    settings = KafkaSettings((kafka,), topics=name_topics(unique))
    results = await asyncio.gather(*(create_topics(settings, partitions=3) for _ in range(2)))
    assert {name for created in results for name in created} == set(settings.topics.values())
    assert await create_topics(settings, partitions=3) == ()
    assert await count_partitions(settings) == dict.fromkeys(settings.topics.values(), 3)


async def test_an_absent_broker_is_a_connection_error() -> None:
    with pytest.raises(KafkaConnectionError):
        await count_partitions(KafkaSettings(("127.0.0.1:9",)))


def test_topics_are_named_both_ways_and_strangers_keep_their_name() -> None:
    settings = KafkaSettings((), topics={Topic.MEDIA_CREATED: "prod.uploads"})
    assert settings.name("media.created") == "prod.uploads"
    assert settings.name(Topic.STAGE_COMPLETED) == "stage.completed"
    assert settings.name("something.else") == "something.else"
    assert settings.topic("prod.uploads") is Topic.MEDIA_CREATED


async def test_the_consumer_leaves_every_unsafe_default_of_its_library_behind() -> None:
    settings = KafkaSettings(("127.0.0.1:9",), session_timeout=45.0, rebalance_timeout=60.0, fetch_wait=0.05)
    consumer = make_consumer(settings)
    try:
        assert consumer._enable_auto_commit is False
        assert consumer._auto_offset_reset == "earliest"
        assert consumer._isolation_level == "read_committed"
        assert [assignor.name for assignor in consumer._partition_assignment_strategy] == ["range"]
        assert (consumer._session_timeout_ms, consumer._heartbeat_interval_ms) == (45_000, 3_000)
        assert consumer._request_timeout_ms > consumer._rebalance_timeout_ms == 60_000
        assert consumer._fetch_max_wait_ms == 50
        assert consumer._value_deserializer is consumer._key_deserializer is None
    finally:
        await consumer.stop()
