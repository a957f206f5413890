"""Reading a stretch of a topic once more, beside the group: nobody joins, nothing is committed, the service goes on.

The stretch ends where the topic ended when it was opened. Where that is, each partition's first fetch says: on a Kafka
it is the last stable offset, and the embedded broker, whose `end_offsets` count batches, says it rightly there, too.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError

from consumers.kafka import Consumer, KafkaSettings, count_partitions, make_consumer
from consumers.reader import CALL_SECONDS, PROBLEMS, Message, Reader
from contracts.topics import Topic

SILENCE_SECONDS: Final = 30.0
"""A broker that gives nothing of what is there for so long does not answer."""


class NoSuchPartition(Exception):
    """The topic has no partition of that number, or does not exist; one line."""


class RangeReader(Reader):
    """Messages from `starts` until before `ends`, by partition; `done` when all were given out."""

    def __init__(
        self, consumer: Consumer, settings: KafkaSettings, starts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> None:  # fmt: skip
        super().__init__(consumer, settings)
        self._settled = dict(starts)
        self._starts, self._ends = starts, ends
        self._positions = dict(starts)
        self._silence = 0.0

    @property
    def total(self) -> int:
        """Offsets in the stretch; there may be fewer messages."""
        return sum(max(0, end - self._starts[place]) for place, end in self._ends.items())

    @property
    def passed(self) -> int:
        """Offsets of the stretch that were read so far."""
        return sum(max(0, min(at, self._ends[place]) - self._starts[place]) for place, at in self._positions.items())

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return all(self._positions[place] >= end for place, end in self._ends.items())

    async def read(self, limit: int) -> list[Message]:
        """The next messages of the stretch; none in passing, too. Raises KafkaError, also when nothing comes at all."""
        began = monotonic()
        messages = [m for m in await self.poll(limit) if m.offset < self._ends[m.partition]]
        self._silence += monotonic() - began  # not the time between two reads: somebody may take long over a batch
        await self.settle(messages)
        for place, end in self._ends.items():
            # behind what the broker leaves out, too: marks of transactions, gaps of compaction
            position = await asyncio.wait_for(self._consumer.position(place), CALL_SECONDS)
            if position != self._positions[place]:
                self._positions[place] = self._settled[place] = position
                self._silence = 0.0
            if position >= end:
                self._consumer.pause(place)
        if not self.done and self._silence > SILENCE_SECONDS:
            raise KafkaTimeoutError("nothing comes of what is there")
        return messages

    async def commit(self) -> None:
        """Nothing: the group's offsets are the service's."""


@asynccontextmanager
async def open_range(
    settings: KafkaSettings, topic: Topic, partition: int | None = None, from_offset: int = 0
) -> AsyncIterator[RangeReader]:
    """A reader of a topic, or of one partition, from an offset on. Raises KafkaError, OSError or NoSuchPartition."""
    name = settings.name(topic)
    number = (await count_partitions(settings))[name]
    if not number:
        raise NoSuchPartition(f"topic {name} is not there")
    if partition is not None and partition >= number:
        raise NoSuchPartition(f"topic {name} has no partition {partition}: they are 0 to {number - 1}")
    places = [TopicPartition(name, n) for n in (range(number) if partition is None else [partition])]
    consumer = make_consumer(settings, member=False)
    try:
        await consumer.start()
        consumer.assign(places)
        starts = await _find_starts(consumer, places, from_offset)
        yield RangeReader(consumer, settings, starts, await _find_ends(consumer, starts))
    finally:
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), CALL_SECONDS)


async def _find_starts(
    consumer: Consumer, places: Sequence[TopicPartition], from_offset: int
) -> dict[TopicPartition, int]:
    await asyncio.wait_for(consumer.seek_to_beginning(*places), CALL_SECONDS)
    first = {place: await asyncio.wait_for(consumer.position(place), CALL_SECONDS) for place in places}
    return {place: max(offset, from_offset) for place, offset in first.items()}


async def _find_ends(consumer: Consumer, starts: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Fetch a little of every partition, and put it back."""
    await asyncio.wait_for(consumer.seek_to_beginning(*starts), CALL_SECONDS)
    until = monotonic() + SILENCE_SECONDS
    while waiting := [place for place in starts if consumer.highwater(place) is None]:
        if monotonic() > until:
            raise KafkaTimeoutError("a partition's end is not told")
        with suppress(*PROBLEMS):
            await consumer.getmany(*waiting, timeout_ms=200, max_records=1)
    ends = {place: _end(consumer, place) for place in starts}
    for place, offset in starts.items():
        consumer.seek(place, offset)
        if offset >= ends[place]:
            consumer.pause(place)
    return ends


def _end(consumer: Consumer, place: TopicPartition) -> int:
    stable = consumer.last_stable_offset(place)
    high = int(consumer.highwater(place))
    return high if stable is None or stable < 0 else min(high, int(stable))
