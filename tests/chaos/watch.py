"""Looks at a run while it goes on: what was promised once has to stay true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.topics import Topic
from tests.acceptance.world import PARTITIONS, World

LOOK_SECONDS = 5.0
TOPICS = (Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED)
LETTERS = 'SELECT topic, partition, "offset" FROM bildwerk.dead_letters'
TERMINAL = "SELECT media_id, job_type, generation FROM bildwerk.jobs WHERE status IN ('done', 'skipped', 'failed')"


@dataclass
class Watch:
    """I3: no offset is committed before its event's medium is planned. I13: what is committed stays."""

    world: World
    early: list[Any] = field(default_factory=list)
    vanished: list[Any] = field(default_factory=list)
    looks: int = 0
    _planned: set[int] = field(default_factory=set)
    _terminal: dict[tuple[int, str], int] = field(default_factory=dict)

    def find_broken(self) -> dict[str, list[Any]]:
        """What was seen that may not be."""
        found = {"I3 no offset before the plan, at any time": self.early, "I13 commits stay": self.vanished}
        return {name: violations for name, violations in found.items() if violations}

    async def run(self, every: float = 0.5) -> None:
        """Look until cancelled; whoever cannot be asked now is asked the next time."""
        name = self.world.wire.settings.name
        places = {topic: [TopicPartition(name(topic), number) for number in range(PARTITIONS)] for topic in TOPICS}
        while True:
            with suppress(KafkaError, OSError, TimeoutError):
                async with self._reading([place for of_topic in places.values() for place in of_topic]) as reader:
                    while True:
                        async with asyncio.timeout(LOOK_SECONDS):
                            offsets = {t: [await reader.committed(p) or 0 for p in at] for t, at in places.items()}
                        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                            await self.look(offsets)
                        await asyncio.sleep(every)
            await asyncio.sleep(every)

    async def look(self, offsets: dict[Topic, list[int]]) -> None:
        """Compare what PostgreSQL holds now with offsets that were committed before, and with the last look."""
        sent = [event for event in self.world.wire.sent if event.offset < offsets[event.topic][event.partition]]
        async with self.world.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            planned = {row["id"] for row in await connection.fetch("SELECT id FROM bildwerk.media")}
            letters = {tuple(row) for row in await connection.fetch(LETTERS)}
            terminal = {
                (row["media_id"], row["job_type"]): row["generation"] for row in await connection.fetch(TERMINAL)
            }
            generations = await connection.fetch("SELECT media_id, job_type, generation FROM bildwerk.jobs")
        name = self.world.wire.settings.name
        self.early += [
            e for e in sent if e.media_id not in planned and (name(e.topic), e.partition, e.offset) not in letters
        ]
        self.vanished += list(self._planned - planned)
        now = {(row["media_id"], row["job_type"]): row["generation"] for row in generations}
        self.vanished += [
            key
            for key, generation in self._terminal.items()
            if now.get(key, -1) < generation or (now[key] == generation and key not in terminal)
        ]
        self._planned, self._terminal = planned, terminal
        self.looks += 1

    @asynccontextmanager
    async def _reading(self, places: list[TopicPartition]) -> AsyncIterator[Any]:
        settings = self.world.wire.settings
        reader = AIOKafkaConsumer(
            bootstrap_servers=list(settings.servers), group_id=settings.group, enable_auto_commit=False
        )
        try:
            await asyncio.wait_for(reader.start(), LOOK_SECONDS)
            reader.assign(places)
            yield reader
        finally:
            await asyncio.wait_for(reader.stop(), LOOK_SECONDS)
