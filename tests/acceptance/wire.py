"""The topics as another program sees them: it produces events, and reads what came of them."""

import uuid
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Self

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from consumers.kafka import KafkaSettings
from contracts.topics import Topic
from tests.acceptance.polling import until

END = "test.end"
"""The CloudEvents type of the mark that a reader puts behind everything; bildwerk ignores it."""


class Sent(NamedTuple):
    """An event that the broker has acknowledged, and the medium it names."""

    topic: Topic
    partition: int
    offset: int
    media_id: int


class Wire:
    """A producer of one world's topics, and readers of them; `sent` is all that was acknowledged and names a medium."""

    def __init__(self, settings: KafkaSettings, partitions: int) -> None:
        self.settings = settings
        self.sent: list[Sent] = []
        self._partitions = partitions
        self._exits = AsyncExitStack()
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=list(self.settings.servers), acks="all", linger_ms=5, max_request_size=4 << 20
        )
        await self._producer.start()
        self._exits.push_async_callback(self._producer.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def created(self, media: Iterable[int]) -> None:
        """Announce media as an existing platform does: plain JSON bodies."""
        await self.send(Topic.MEDIA_CREATED, [{"media_id": media_id} for media_id in media])

    async def updated(self, media_id: int, **fields: object) -> str:
        """Announce a change, or ask for jobs, as a CloudEvent; returns its id."""
        event_id = str(uuid.uuid4())
        await self.send(Topic.MEDIA_UPDATED, [{"media_id": media_id, **fields}], event_id)
        return event_id

    async def send(self, topic: Topic, bodies: Sequence[dict[str, Any]], event_id: str | None = None) -> None:
        """Produce events, keyed by their media id; with an `event_id`, as CloudEvents in binary mode."""
        sent = []
        for body in bodies:
            headers = _headers(event_id, topic) if event_id else []
            key = str(body["media_id"]).encode()
            sent.append(await self._producer.send(self.settings.name(topic), orjson.dumps(body), key, headers=headers))
        for body, sending in zip(bodies, sent, strict=True):
            message = await sending
            self.sent.append(Sent(topic, message.partition, message.offset, body["media_id"]))

    async def send_bytes(self, topic: Topic, value: bytes | None, partition: int = 0) -> tuple[int, int]:
        """Produce any bytes; returns partition and offset."""
        message = await self._producer.send_and_wait(self.settings.name(topic), value, b"key", partition)
        return message.partition, message.offset

    async def put(
        self,
        topic: Topic,
        value: bytes | None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        timestamp_ms: int | None = None,
    ) -> tuple[str, int, int]:
        """Produce any message; returns the cluster's topic name, partition and offset."""
        name = self.settings.name(topic)
        message = await self._producer.send_and_wait(
            name, value, key, partition=0, headers=list(headers), timestamp_ms=timestamp_ms
        )
        return name, message.partition, message.offset

    async def ends(self, topic: Topic) -> list[int]:
        """Put a mark behind everything; returns the offset behind it for each partition."""
        return [message.offset + 1 for message in await self._mark(topic, str(uuid.uuid4()))]

    async def committed(self, topic: Topic, group: str | None = None) -> list[int]:
        """How far a group (the world's own) has committed each partition."""
        name = self.settings.name(topic)
        reader = AIOKafkaConsumer(
            bootstrap_servers=list(self.settings.servers),
            group_id=group or self.settings.group,
            enable_auto_commit=False,
        )
        await reader.start()
        try:
            places = [TopicPartition(name, number) for number in range(self._partitions)]
            reader.assign(places)
            return [await reader.committed(place) or 0 for place in places]
        finally:
            await reader.stop()

    async def taken_in(self, topic: Topic, seconds: float = 30.0, group: str | None = None) -> None:
        """Wait until a group has committed all that is on a topic now."""
        ends = await self.ends(topic)

        async def behind_all() -> bool:
            return all(map(int.__ge__, await self.committed(topic, group), ends))

        await until(behind_all, seconds, every=0.2)

    async def read(self, topic: Topic) -> list[ConsumerRecord]:
        """All messages of a topic, partition by partition in order: those that were there when this was called."""
        name, mark = self.settings.name(topic), str(uuid.uuid4())
        await self._mark(topic, mark)
        reader = AIOKafkaConsumer(bootstrap_servers=list(self.settings.servers), auto_offset_reset="earliest")
        await reader.start()
        try:
            reader.assign([TopicPartition(name, number) for number in range(self._partitions)])
            return await _read_to(reader, mark, self._partitions)
        finally:
            await reader.stop()

    async def _mark(self, topic: Topic, mark: str) -> list[Any]:
        name, headers = self.settings.name(topic), _headers(mark, END)
        return [
            await self._producer.send_and_wait(name, b"{}", partition=number, headers=headers)
            for number in range(self._partitions)
        ]


def header(record: ConsumerRecord, name: str) -> str:
    """The text of a header; empty when it is not there."""
    return str(dict(record.headers).get(name, b"").decode())


def body(record: ConsumerRecord) -> dict[str, Any]:
    """The JSON body."""
    return dict(orjson.loads(record.value))


async def _read_to(reader: Any, mark: str, partitions: int) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    open_partitions = set(range(partitions))
    while open_partitions:
        for place, batch in (await reader.getmany(timeout_ms=200)).items():
            for record in batch:
                if header(record, "ce_id") == mark:
                    open_partitions.discard(place.partition)
                elif place.partition in open_partitions and header(record, "ce_type") != END:
                    records.append(record)
    return records


def _headers(event_id: str, kind: str) -> list[tuple[str, bytes]]:
    attributes = {"specversion": "1.0", "id": event_id, "source": "/test/platform", "type": str(kind)}
    return [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
