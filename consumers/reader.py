"""Reading Kafka without losing anything: batches out, offsets back in only when PostgreSQL holds what they stand for.

One task calls all of this; a get is never cancelled. Whatever goes wrong ends in `rewind` or in a new reader, and both
begin again at the first message that is not settled: planning twice is harmless, skipping is not.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, RecordTooLargeError, UnsupportedCodecError
from aiokafka.structs import ConsumerRecord

from consumers.kafka import Consumer, KafkaSettings, make_consumer, subscription
from contracts.topics import Topic

log = structlog.get_logger("bildwerk.consumers.reader")

PROBLEMS: Mapping[type[Exception], str] = {
    CorruptRecordException: "corrupt_batch",
    UnsupportedCodecError: "corrupt_batch",
    RecordTooLargeError: "too_large",
    UnicodeDecodeError: "bad_header",
}
"""What one message can do to the client: a damaged batch, one that is too much, a header's name that is no text."""
READ_TRIES = 3
"""A damaged batch is asked for again: it may have been damaged on its way."""
CALL_SECONDS = 10.0
"""aiokafka repeats commits and look-ups without limit while a coordinator is away."""
PATIENCE = 2.0
"""So many times the longest rebalance may a poll take: then the client itself hangs."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as bytes. `problem` is set when the client could not read it: then there are coordinates only."""

    topic: Topic
    partition: TopicPartition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    problem: str = ""

    @property
    def coordinates(self) -> tuple[str, int, int, int]:
        """The cluster's topic name, partition, offset and timestamp in ms."""
        return self.partition.topic, self.partition.partition, self.offset, self.timestamp_ms


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of the group. `polled_at` (monotonic seconds) is when Kafka's client last let us go on."""

    def __init__(self, consumer: Consumer, settings: KafkaSettings) -> None:
        self._consumer = consumer
        self._settings = settings
        self._settled: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._epoch = 0
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._unreadable: tuple[TopicPartition, int] | None = None
        self._tries = 0
        self._careful = False
        self._joined = False
        self._stamps: dict[TopicPartition, int | None] = {}
        self._heard_at = monotonic()
        self.polled_at = monotonic()

    async def poll(self, limit: int, seconds: float = 0.5) -> list[Message]:
        """The next messages, at most `limit`, in order per partition; none when there are none for `seconds`.

        Blocks through a rebalance. The batch is in hand until `settle` or `rewind`. Raises KafkaError: make a new one.
        """
        await self.commit()
        if self._consumer._fetcher.error_future.done():  # noqa: SLF001 - aiokafka tells nobody (#1154)
            raise KafkaError("the fetcher has ended")
        try:
            messages = await (self._poll_carefully(limit) if self._careful else self._get(limit, seconds))
        except tuple(PROBLEMS) as error:
            log.warning("reader.unreadable", error=type(error).__name__)
            await self.rewind()
            self._careful, messages = True, []
        self.polled_at = monotonic()
        self._listen()
        if messages:
            self._in_hand = self._epoch
            self._idle.clear()
        return messages

    async def settle(self, messages: Sequence[Message]) -> None:
        """The batch in hand is in PostgreSQL: let its offsets follow. Lost partitions are left to their new owner."""
        if self._in_hand == self._epoch:
            for message in messages:
                self._settled[message.partition] = message.offset + 1
        await self.commit()
        self._let_go()

    async def rewind(self) -> None:
        """Read again from the first message that is not settled. Raises KafkaError or TimeoutError: make a new one."""
        self._let_go()
        for partition in self._consumer.assignment():
            offset = self._settled.get(partition)
            if offset is None:
                offset = await asyncio.wait_for(self._consumer.committed(partition), CALL_SECONDS)
            if offset is None:
                await asyncio.wait_for(self._consumer.seek_to_beginning(partition), CALL_SECONDS)
            else:
                self._consumer.seek(partition, offset)

    def trouble(self, now: float) -> str | None:
        """Why nothing can come, though this process is well; None: it can, or a batch is in hand."""
        if not self._idle.is_set():
            return None
        if now - self.polled_at > PATIENCE * self._settings.rebalance_timeout:
            return "the client does not come back"
        if not self._joined:
            return "not in the group yet"
        if self._consumer._coordinator.coordinator_id is None:  # noqa: SLF001 - aiokafka tells nobody
            return "the group's coordinator is away"
        self._listen()
        if self._stamps and now - self._heard_at > self._settings.session_timeout:
            return "Kafka does not answer"
        return None

    def _listen(self) -> None:
        """Note whether a partition's broker has answered: the client's times are of the wall clock, so any change."""
        stamps = {place: self._consumer.last_poll_timestamp(place) for place in self._consumer.assignment()}
        if stamps != self._stamps:
            self._stamps, self._heard_at = stamps, monotonic()

    def _let_go(self) -> None:
        """No batch is in hand. While one was, nothing had to be asked for."""
        self._heard_at = monotonic()
        self._idle.set()

    async def commit(self) -> None:
        """Commit what is settled and still ours; what fails is tried again with the next poll."""
        mine = self._consumer.assignment()
        offsets = {p: o for p, o in self._settled.items() if p in mine and o > self._committed.get(p, -1)}
        if not offsets:
            return
        epoch = self._epoch
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), CALL_SECONDS)
        except (KafkaError, TimeoutError) as error:
            log.warning("reader.not_committed", error=type(error).__name__)
        else:
            if epoch == self._epoch:
                self._committed |= offsets

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Give the batch in hand its time to be settled, then forget: everything comes again to its next owner."""
        try:
            await asyncio.wait_for(self._idle.wait(), min(CALL_SECONDS, self._settings.rebalance_timeout / 4))
        except TimeoutError:
            log.warning("reader.revoked_in_hand")
        self._epoch += 1
        self._joined = False
        self._settled.clear()
        self._committed.clear()
        log.info("reader.revoked", partitions=len(list(revoked)))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Tell of it; positions are the committed ones. A member beyond the partitions gets none, and waits."""
        self._joined, self._heard_at = True, monotonic()
        log.info("reader.assigned", partitions=len(list(assigned)))

    async def _get(self, limit: int, seconds: float, *only: TopicPartition) -> list[Message]:
        batches = await self._consumer.getmany(*only, timeout_ms=round(seconds * 1000), max_records=limit)
        return [self._message(record) for records in batches.values() for record in records]

    async def _poll_carefully(self, limit: int) -> list[Message]:
        """Each partition by itself, record by record: up to what cannot be read, and after some tries past it."""
        messages, mine = [], sorted(self._consumer.assignment())
        for partition in mine:
            messages += await self._inch(partition, max(1, limit // len(mine)))
        self._careful = self._unreadable is not None
        return messages

    async def _inch(self, partition: TopicPartition, limit: int) -> list[Message]:
        messages: list[Message] = []
        while len(messages) < limit:
            position = await asyncio.wait_for(self._consumer.position(partition), CALL_SECONDS)
            try:
                got = await self._get(1, 0.2, partition)
            except tuple(PROBLEMS) as error:
                self._consumer.seek(partition, position)
                return messages + self._skip(partition, position, error)
            if not got:
                break
            messages += got
            if self._unreadable and self._unreadable[0] == partition:
                self._unreadable = None
        return messages

    def _skip(self, partition: TopicPartition, offset: int, error: Exception) -> list[Message]:
        self._tries = self._tries + 1 if self._unreadable == (partition, offset) else 1
        self._unreadable = (partition, offset)
        if self._tries < READ_TRIES:
            return []
        self._consumer.seek(partition, offset + 1)
        problem = PROBLEMS[type(error)]
        topic = self._settings.topic(partition.topic)
        return [Message(topic, partition, offset, -1, None, None, problem=problem)]

    def _message(self, record: ConsumerRecord) -> Message:
        partition = TopicPartition(record.topic, record.partition)
        return Message(
            self._settings.topic(record.topic), partition, record.offset, record.timestamp, record.key, record.value,
            tuple(record.headers),
        )  # fmt: skip


@asynccontextmanager
async def open_reader(settings: KafkaSettings) -> AsyncIterator[Reader]:
    """A reader that joined the group; leaving the block leaves the group. Raises KafkaError or OSError."""
    consumer = make_consumer(settings)
    try:
        # Its requests wait for as long as a join may take: whoever is told to stop would wait for a silent broker.
        await asyncio.wait_for(consumer.start(), settings.send_timeout)
        reader = Reader(consumer, settings)
        consumer.subscribe(subscription(settings), listener=reader)
        yield reader
    finally:
        try:
            await asyncio.wait_for(consumer.stop(), CALL_SECONDS)
        except (KafkaError, TimeoutError) as error:
            log.warning("reader.not_closed", error=type(error).__name__)
