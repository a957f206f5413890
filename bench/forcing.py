"""Some media forced again and again, as somebody may do who is not content with what is said of them."""

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import orjson

from bench.hearing import Event
from consumers.kafka import KafkaSettings, Producer, make_producer
from contracts.topics import Topic

FIRST_IN_LINE = 100


class Forcing:
    """Forces media by an event, first in line, whenever their last job has ended, until each was done `times` times."""

    def __init__(self, kafka: KafkaSettings, media: Collection[int], last_job: str, times: int) -> None:
        self._kafka, self._media, self._last_job, self._times = kafka, frozenset(media), last_job, times
        self._done: Counter[int] = Counter()
        self._queue: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        producer = make_producer(self._kafka)
        await producer.start()
        self._exits.push_async_callback(producer.stop)
        sending = asyncio.create_task(self._send_all(producer))
        self._exits.callback(sending.cancel)
        for media_id in sorted(self._media):
            self._queue.put_nowait({"media_id": media_id, "priority": FIRST_IN_LINE})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    def note(self, event: Event) -> None:
        """A job has ended."""
        media_id = event["media_id"]
        if media_id in self._media and event["job_type"] == self._last_job:
            self._done[media_id] += 1
            if self._done[media_id] < self._times:
                self._queue.put_nowait({"media_id": media_id, "force": True, "priority": FIRST_IN_LINE})

    async def _send_all(self, producer: Producer) -> None:
        name = self._kafka.name(Topic.MEDIA_UPDATED)
        while True:
            body = await self._queue.get()
            await producer.send_and_wait(name, orjson.dumps(body), str(body["media_id"]).encode())
