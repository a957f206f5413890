"""Publishing outbox rows: in waves, at most one row of a medium on its way at a time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from consumers.kafka import KafkaSettings, Producer
from contracts.codec import encode
from contracts.keys import make_key
from contracts.topics import Topic
from db.outbox import Row

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
METADATA_SECONDS = 1.0
"""A cluster that is well tells a topic's partitions within milliseconds, unless the machine is busy."""


@dataclass(frozen=True, slots=True)
class Published:
    """What became of rows: acknowledged, never to be taken by the broker, failed (the first error), not reachable."""

    acknowledged: tuple[Row, ...] = ()
    refused: tuple[Row, ...] = ()
    error: BaseException | None = None
    closed_topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Publisher:
    """Sends rows as CloudEvents from `source`, all of them within `deadline` seconds."""

    producer: Producer
    settings: KafkaSettings
    source: str
    deadline: float

    async def publish(self, rows: Sequence[Row]) -> Published:
        """Send rows in order. One that fails, or that the broker refuses, stops its medium's later ones there (I6).

        Raises KafkaError or TimeoutError when the cluster does not answer at all: nothing was sent then.
        """
        until = monotonic() + self.deadline
        closed = set(await self._find_closed({row.topic for row in rows}))
        acknowledged: list[Row] = []
        refused: list[Row] = []
        stopped = {(row.key, row.topic) for row in rows if row.topic in closed}
        error: BaseException | None = None
        for wave in split_waves(rows):
            sending = [row for row in wave if (row.key, row.topic) not in stopped and row.topic not in closed]
            for row, problem in zip(sending, await self._send_wave(sending, until), strict=True):
                if problem is None:
                    acknowledged.append(row)
                    continue
                stopped.add((row.key, row.topic))
                if isinstance(problem, TOO_LARGE):
                    refused.append(row)
                else:
                    error = error or problem
                    if isinstance(problem, TopicAuthorizationFailedError):
                        closed.add(row.topic)  # metadata told that we may see it, not that we may write
        return Published(tuple(acknowledged), tuple(refused), error, frozenset(closed))

    async def _send_wave(self, rows: Sequence[Row], until: float) -> list[BaseException | None]:
        tasks = [asyncio.create_task(self._send(row)) for row in rows]
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, until - monotonic()))
        for task in tasks:
            task.cancel()  # what is done stays done; a message on its way may still arrive, and is sent again later
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [TimeoutError() if isinstance(r, asyncio.CancelledError) else r for r in results]

    async def _send(self, row: Row) -> None:
        mode, name = self.settings.mode, self.settings.name(row.topic)
        headers, value = encode(row.event_id, self.source, row.type, row.created_at, row.payload, mode)
        # A dead letter's key is where the event was: it may name no medium.
        key = row.key.encode() if row.topic == Topic.DEAD_LETTER else make_key(self.settings.key, row.key)
        await asyncio.shield(await self.producer.send(name, value, key=key, headers=headers))

    async def _find_closed(self, topics: Iterable[str]) -> frozenset[str]:
        """Topics that are missing or not ours to write; one must not hold up the others."""
        named = sorted(topics)
        asked = (asyncio.wait_for(self.producer.partitions_for(self.settings.name(t)), METADATA_SECONDS) for t in named)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        doubted = [t for t, answer in zip(named, answers, strict=True) if isinstance(answer, KafkaError | TimeoutError)]
        if not doubted:
            return frozenset()
        await self._require_cluster()
        known = self.producer.client.cluster.partitions_for_topic
        return frozenset(topic for topic in doubted if not known(self.settings.name(topic)))

    async def _require_cluster(self) -> None:
        """While the cluster itself is silent, no topic is to blame."""
        if not await asyncio.wait_for(self.producer.client.force_metadata_update(), METADATA_SECONDS):
            raise KafkaConnectionError("no broker tells of its topics")


def split_waves(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in order, cut so that each wave holds the next row of every medium."""
    queues: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        queues[row.key].append(row)
    number = 0
    while wave := [queue[number] for queue in queues.values() if number < len(queue)]:
        yield wave
        number += 1
