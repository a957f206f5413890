"""What one message can do to Kafka's client, and that nothing else is lost by it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.structs import ConsumerRecord

from consumers.kafka import KafkaSettings
from consumers.reader import Message, Reader, open_reader
from contracts.topics import Topic
from tests.consumers.conftest import Produce, until
from tests.damaging_network import damaging_network


async def read_until(reader: Reader, count: int) -> list[Message]:
    """Poll and settle until `count` different messages came."""
    seen: dict[tuple[TopicPartition, int], Message] = {}

    async def poll() -> bool:
        messages = await reader.poll(100, 0.1)
        seen.update({(m.partition, m.offset): m for m in messages})
        await reader.settle(messages)
        return len(seen) >= count

    await until(poll)
    return [seen[place] for place in sorted(seen)]


async def test_a_damaged_batch_costs_its_own_messages_and_nothing_else(
    kafka: str, settings: KafkaSettings, produce: Produce
) -> None:
    for number in range(30):
        await produce(Topic.MEDIA_CREATED, b"good %d" % number, key=b"%d" % number)
    await send_together(settings, [b"DAMAGE-ME", b"a neighbour in its batch"])
    await produce(Topic.MEDIA_CREATED, b"last", key=b"same")
    async with damaging_network(kafka) as address, open_reader(replace(settings, servers=(address,))) as reader:
        messages = await read_until(reader, 33)
    assert sorted(m.problem for m in messages) == [""] * 31 + ["corrupt_batch"] * 2
    assert {m.value for m in messages if not m.problem} == {b"last", *(b"good %d" % n for n in range(30))}


async def send_together(settings: KafkaSettings, values: Sequence[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=list(settings.servers), linger_ms=200) as producer:
        name = settings.name(Topic.MEDIA_CREATED)
        await asyncio.gather(*[await producer.send(name, value, key=b"same") for value in values])


PARTITIONS = [TopicPartition("media.created", number) for number in range(2)]


class ScriptedConsumer:
    """Stands for aiokafka's consumer with its known habits: a get that raises has moved other partitions' positions."""

    def __init__(self, logs: Sequence[Sequence[bytes | Exception]], committed: dict[TopicPartition, int]) -> None:
        self.logs = dict(zip(PARTITIONS, logs, strict=True))
        self.committed_offsets = committed
        self.positions = {p: committed.get(p, 0) for p in PARTITIONS}
        self.assigned = set(PARTITIONS)
        self.commit_errors: list[Exception] = []
        self._fetcher = self
        self._coordinator = self
        self.coordinator_id: int | None = 1
        self.answers = 0
        self.error_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def last_poll_timestamp(self, partition: TopicPartition) -> int:
        assert partition in self.assigned
        return self.answers

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.committed_offsets.get(partition)

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    async def seek_to_beginning(self, partition: TopicPartition) -> None:
        self.positions[partition] = 0

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        assert set(offsets) <= self.assigned
        if self.commit_errors:
            raise self.commit_errors.pop()
        for partition, offset in offsets.items():
            assert offset >= self.committed_offsets.get(partition, 0), "an offset went backwards"
            self.committed_offsets[partition] = offset

    async def getmany(self, *only: TopicPartition, timeout_ms: int, max_records: int) -> dict[TopicPartition, Any]:
        assert timeout_ms
        drained: dict[TopicPartition, Any] = {}
        for partition in only or PARTITIONS:
            position = self.positions[partition]
            records: list[ConsumerRecord] = []
            for offset, value in enumerate(self.logs[partition][position:], position):
                if isinstance(value, Exception):
                    if len(records) < max_records:
                        raise value
                    break
                records.append(ConsumerRecord(*partition, offset, 0, 0, None, value, 0, 0, 0, ()))
            drained[partition] = records[:max_records]
            self.positions[partition] = position + len(drained[partition])
            max_records -= len(drained[partition])
        return drained


def read_with(consumer: ScriptedConsumer) -> Reader:
    return Reader(consumer, KafkaSettings(()))


async def test_it_says_why_nothing_can_come() -> None:
    """Alive but not consuming: of the group, of its coordinator, of any broker, of the client itself."""
    consumer = ScriptedConsumer([[b"1"], *[[] for _ in PARTITIONS[1:]]], {})
    reader, settings = read_with(consumer), KafkaSettings(())
    assert reader.trouble(monotonic()) == "not in the group yet"
    await reader.on_partitions_assigned(consumer.assigned)
    assert reader.trouble(monotonic()) is None

    later = monotonic() + settings.session_timeout + 1.0
    assert reader.trouble(later) == "Kafka does not answer"
    consumer.answers += 1
    assert reader.trouble(later - 2.0) is None
    consumer.assigned = set()
    assert reader.trouble(later) is None, "a member beyond the partitions waits for nothing"
    consumer.coordinator_id = None
    assert reader.trouble(later) == "the group's coordinator is away"
    assert reader.trouble(monotonic() + 2 * settings.rebalance_timeout + 1.0) == "the client does not come back"

    consumer.assigned, consumer.coordinator_id = set(PARTITIONS), 1
    batch = await reader.poll(10)
    assert reader.trouble(later + 1e6) is None, "it is our turn, not Kafka's"
    await reader.settle(batch)
    await reader.on_partitions_revoked(consumer.assigned)
    assert reader.trouble(monotonic()) == "not in the group yet"


@pytest.mark.parametrize("committed", [{}, {PARTITIONS[0]: 1}])
@pytest.mark.parametrize(
    ("error", "problem"),
    [(CorruptRecordException(), "corrupt_batch"), (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "bad_header")],
)
async def test_what_a_raising_get_had_already_taken_is_read_again(
    error: Exception, problem: str, committed: dict[TopicPartition, int]
) -> None:
    consumer = ScriptedConsumer([[b"a", b"b", b"c"], [b"d", error, b"e"]], dict(committed))
    messages = await read_until(read_with(consumer), 6 - sum(committed.values()))
    assert [(m.value, m.problem) for m in messages] == [
        (b"a", ""), (b"b", ""), (b"c", ""), (b"d", ""), (None, problem), (b"e", ""),
    ][sum(committed.values()):]  # fmt: skip


async def test_what_was_not_settled_comes_again() -> None:
    consumer = ScriptedConsumer([[b"a", b"b"], []], {})
    reader = read_with(consumer)
    first = await reader.poll(1)
    await reader.settle(first)
    second = await reader.poll(1)
    await reader.rewind()
    assert [m.value for m in second] == [m.value for m in await reader.poll(1)] == [b"b"]
    assert consumer.committed_offsets == {PARTITIONS[0]: 1}


async def test_a_commit_that_failed_is_made_up_for_and_lost_partitions_are_left_alone() -> None:
    consumer = ScriptedConsumer([[b"a"], [b"b"]], {})
    consumer.commit_errors = [KafkaError()]
    reader = read_with(consumer)
    await reader.settle(await reader.poll(10))
    assert consumer.committed_offsets == {}
    consumer.assigned = {PARTITIONS[1]}
    await reader.poll(10)
    assert consumer.committed_offsets == {PARTITIONS[1]: 1}


async def test_a_batch_that_is_settled_after_its_partitions_were_lost_moves_no_offset() -> None:
    consumer = ScriptedConsumer([[b"a"], []], {})
    reader = Reader(consumer, KafkaSettings((), rebalance_timeout=0.04))
    messages = await reader.poll(10)
    await reader.on_partitions_revoked(PARTITIONS)
    await reader.settle(messages)
    assert consumer.committed_offsets == {}


async def test_a_revocation_waits_for_the_batch_in_hand() -> None:
    consumer = ScriptedConsumer([[b"a"], []], {})
    reader = read_with(consumer)
    messages = await reader.poll(10)
    revoking = asyncio.create_task(reader.on_partitions_revoked(PARTITIONS))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not revoking.done()
    await reader.settle(messages)
    await revoking
    assert consumer.committed_offsets == {PARTITIONS[0]: 1}


async def test_a_client_that_fetches_no_more_is_given_up() -> None:
    consumer = ScriptedConsumer([[], []], {})
    consumer.error_future.set_result(None)
    with pytest.raises(KafkaError):
        await read_with(consumer).poll(1)


async def test_the_clients_private_sign_of_life_is_still_there(settings: KafkaSettings) -> None:
    async with open_reader(settings) as reader:
        assert isinstance(reader._consumer._fetcher.error_future, asyncio.Task)


async def test_what_cannot_be_read_makes_no_batch_larger() -> None:
    """Record by record, each partition gives its part: memory is bounded however many partitions there are."""
    good = [b"%d" % number for number in range(50)]
    consumer = ScriptedConsumer([good, [CorruptRecordException(), *good]], {})
    reader, seen = read_with(consumer), set[tuple[TopicPartition, int]]()
    for _ in range(60):
        messages = await reader.poll(10)
        assert len(messages) <= 10
        seen |= {(m.partition, m.offset) for m in messages}
        await reader.settle(messages)
    assert len(seen) == 101
