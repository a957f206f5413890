"""Reading a stretch of a topic on a real broker, beside its group."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from consumers import range_reader
from consumers.kafka import KafkaSettings
from consumers.range_reader import NoSuchPartition, RangeReader, open_range
from consumers.reader import Message
from contracts.topics import Topic

CREATED = Topic.MEDIA_CREATED


async def send(settings: KafkaSettings, partition: int, count: int, start: int = 0) -> None:
    """Messages in one batch: an embedded broker's `end_offsets` would count one."""
    async with AIOKafkaProducer(bootstrap_servers=list(settings.servers), linger_ms=200) as producer:
        values = [b"%d/%d" % (partition, number) for number in range(start, start + count)]
        sent = [await producer.send(settings.name(CREATED), value, partition=partition) for value in values]
        await asyncio.gather(*sent)


async def read_all(reader: RangeReader, limit: int = 7) -> list[Message]:
    messages: list[Message] = []
    async with asyncio.timeout(30):
        while not reader.done:
            messages += await reader.read(limit)
    return messages


def values(messages: Sequence[Message]) -> list[bytes]:
    return sorted(message.value for message in messages if message.value is not None)


async def test_it_ends_where_the_topic_ended_when_it_was_opened(settings: KafkaSettings) -> None:
    await send(settings, 0, 50)
    await send(settings, 1, 1)
    async with open_range(settings, CREATED) as reader:
        assert reader.total == 51
        await send(settings, 0, 5, start=50)
        await send(settings, 2, 5)
        await reader.rewind()  # so that what came since is fetched along with what is wanted
        messages = await read_all(reader, 100)
        assert reader.passed == 51

    assert values(messages) == sorted([b"0/%d" % n for n in range(50)] + [b"1/0"])
    assert [m.offset for m in messages if m.partition.partition == 0] == list(range(50))


async def test_an_empty_topic_is_read_at_once(settings: KafkaSettings) -> None:
    async with open_range(settings, CREATED) as reader:
        assert (reader.total, reader.done) == (0, True)


async def test_it_begins_at_an_offset_also_behind_the_end_of_some_partitions(settings: KafkaSettings) -> None:
    await send(settings, 0, 10)
    await send(settings, 1, 3)
    async with open_range(settings, CREATED, from_offset=5) as reader:
        assert reader.total == 5
        assert values(await read_all(reader)) == [b"0/%d" % n for n in range(5, 10)]


async def test_one_partition_is_read_alone(settings: KafkaSettings) -> None:
    await send(settings, 0, 3)
    await send(settings, 1, 3)
    async with open_range(settings, CREATED, partition=1) as reader:
        assert values(await read_all(reader)) == [b"1/0", b"1/1", b"1/2"]


async def test_a_partition_or_topic_that_is_not_there_is_named(settings: KafkaSettings) -> None:
    with pytest.raises(NoSuchPartition, match="has no partition 3: they are 0 to 2"):
        async with open_range(settings, CREATED, partition=3):
            pass
    missing = KafkaSettings(settings.servers, topics={CREATED: f"{settings.group}.nowhere"})
    with pytest.raises(NoSuchPartition, match="nowhere is not there"):
        async with open_range(missing, CREATED):
            pass


async def test_it_is_no_member_of_the_group_and_commits_nothing(settings: KafkaSettings) -> None:
    await send(settings, 0, 10)
    async with open_range(settings, CREATED) as reader:
        await read_all(reader)
        with pytest.raises(Exception, match="group_id"):
            await reader._consumer.committed(TopicPartition(settings.name(CREATED), 0))


async def test_a_header_that_the_client_cannot_read_is_one_message_and_the_rest_comes(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(settings, 0, 4)
    async with open_range(settings, CREATED, partition=0) as reader:
        whole = reader._consumer.getmany

        async def getmany(*partitions: TopicPartition, **options: int) -> object:
            batches = await whole(*partitions, **options)
            if any(record.offset == 2 for records in batches.values() for record in records):
                raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a header")
            return batches

        monkeypatch.setattr(reader._consumer, "getmany", getmany)
        messages = await read_all(reader)

    assert [(m.offset, m.problem) for m in messages] == [(0, ""), (1, ""), (2, "bad_header"), (3, "")]


async def test_a_broker_that_gives_nothing_of_what_is_there_is_not_waited_for_for_ever(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But time that passes between two reads is the caller's own."""
    monkeypatch.setattr(range_reader, "SILENCE_SECONDS", 5.0)
    await send(settings, 0, 3)
    async with open_range(settings, CREATED, partition=0) as reader:
        reader._consumer.pause(*reader._consumer.assignment())
        assert await reader.read(1) == []
        await asyncio.sleep(6.0)
        assert await reader.read(1) == []
        with pytest.raises(KafkaTimeoutError):
            await read_all(reader)
