"""One program of faults on the stage: a world, its services, chance, and a journal."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import asyncpg

from contracts.topics import Topic
from tests.acceptance.invariants import HELD, TERMINAL
from tests.acceptance.polling import until
from tests.acceptance.world import Service, World
from tests.chaos.journal import Journal
from tests.chaos.proxy import Door, Mood
from tests.chaos.theatre import Theatre

T = TypeVar("T")
KEY, WORDS = "ollama.title", "Written by a person."
LEASE = 3.0
PATIENCE = 240.0
"""Seconds after the last fault in which all has to come to rest, on a machine that others use, too."""
STUCK = """
    SELECT count(*) AS media, count(*) FILTER (WHERE due <> '{}') AS due, count(owner) AS owned,
        count(inspect_at) AS uninspected, count(*) FILTER (WHERE run_at > now()) AS postponed,
        (SELECT count(*) FROM bildwerk.slots WHERE until > now()) AS slots,
        (SELECT count(*) FROM bildwerk.slots WHERE busy_until > now()) AS busy,
        (SELECT count(*) FROM bildwerk.outbox) AS outbox
    FROM bildwerk.media
"""
BACKLOG = 40
"""Jobs that may be open before more pictures come: where the machine is slow, faults are to fall into the work, too."""
UNSEEN = "SELECT EXISTS (SELECT FROM bildwerk.media WHERE inspect_at IS NOT NULL)"
SETTINGS: dict[str, object] = {
    "lease_seconds": LEASE,
    "decoder_seconds": 6,
    "kafka_session_timeout_seconds": 6,
    "sweep_seconds": 5,
}


@dataclass
class Scene:
    """What a program works with. `quick` asks for small numbers; `media` are those that were announced."""

    theatre: Theatre
    world: World
    dice: random.Random
    quick: bool
    journal: Journal
    ollama_door: Door
    exits: AsyncExitStack
    media: list[int] = field(default_factory=list)
    people: dict[tuple[int, str], str] = field(default_factory=dict)
    alive: list[Service] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
    broken: dict[str, list[Any]] = field(default_factory=dict)
    """What the program itself found wrong."""
    letters: int = 0
    """Dead letters that have to be."""

    def choose(self, quick: T, whole: T) -> T:
        """A number for CI, or for a whole run."""
        return quick if self.quick else whole

    async def serve(self, **settings: object) -> Service:
        """One more `bildwerk serve` behind the doors."""
        service = await self.world.serve(**{**SETTINGS, **settings})
        self.alive.append(service)
        return service

    async def add(self, count: int) -> list[int]:
        """Pictures that nobody was told of yet; a person wrote every tenth one's title."""
        media = await self.world.add(count)
        for number, media_id in enumerate(media, len(self.media)):
            if number % 10 == 0:
                await insist(partial(self.world.put, media_id, KEY, WORDS))
                self.people[media_id, KEY] = WORDS
        self.media += media
        return media

    async def announce(self, media: Sequence[int]) -> None:
        """Tell of them."""
        await self.world.wire.created(media)

    @asynccontextmanager
    async def uploads(self, least: int, rate: float = 4.0) -> AsyncIterator[None]:
        """One picture after the other, so many a second, while the block lasts, and until there are `least`."""
        over = asyncio.Event()
        began, before = time.monotonic(), len(self.media)

        async def upload() -> None:
            while not over.is_set() or len(self.media) - before < least:
                if await insist(self._count_open) > BACKLOG:
                    await asyncio.sleep(0.2)
                    continue
                await self.announce(await insist(partial(self.add, 1)))
                if not over.is_set():
                    await asyncio.sleep(max(0.0, began + (len(self.media) - before) / rate - time.monotonic()))

        uploading = asyncio.create_task(upload())
        try:
            yield
        except BaseException:
            uploading.cancel()
            raise
        over.set()
        await uploading

    async def _count_open(self) -> int:
        statuses = await self.world.statuses()
        return 2 * len(self.media) - sum(statuses[status] for status in TERMINAL)

    async def pause(self, least: float, most: float) -> None:
        """Let some time pass."""
        await asyncio.sleep(self.dice.uniform(least, most))

    async def kill(self, service: Service, **settings: object) -> None:
        """SIGKILL, and another in its place."""
        self.journal.fault("kill", f"process {self.world.services.index(service)}")
        self.alive.remove(service)
        await service.kill()
        await self.serve(**settings)

    @asynccontextmanager
    async def frozen(self, service: Service, kind: str = "stop") -> AsyncIterator[None]:
        """SIGSTOP for the length of the block."""
        self.journal.fault(kind, f"process {self.world.services.index(service)}")
        service.send(signal.SIGSTOP)
        try:
            yield
        finally:
            service.send(signal.SIGCONT)
            self.journal.note(f"process {self.world.services.index(service)} goes on")

    @asynccontextmanager
    async def frozen_broker(self) -> AsyncIterator[None]:
        """SIGSTOP of the broker for the length of the block."""
        self.journal.fault("broker stopped")
        os.kill(self.theatre.broker.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.theatre.broker.pid, signal.SIGCONT)
            self.journal.note("the broker goes on")

    async def terminate(self, most: int) -> int:
        """End so many of the services' sessions with PostgreSQL, by chance; how many there were."""
        rows = await self.world.pool.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bildwerk'"
        )
        pids = [row["pid"] for row in rows]
        chosen = self.dice.sample(pids, min(most, len(pids)))
        await self.world.pool.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::integer[]) pid", chosen)
        return len(chosen)

    @property
    def doors(self) -> tuple[Door, ...]:
        """All doors."""
        return self.theatre.database_door, self.theatre.broker_door, self.ollama_door

    async def heal(self) -> None:
        """End all faults; whoever was muted is reset."""
        await self.world.heal()
        for door in self.doors:
            door.heal()
            door.mood = Mood()

    async def done(self, share: float, seconds: float = PATIENCE) -> None:
        """Wait until the services are at work, and such a share of what was announced is done."""
        for service in self.alive:
            await service.said("service.started", seconds)

        async def enough() -> bool:
            return (await self.world.statuses())["done"] >= max(1.0, share * 2 * len(self.media))

        await until(enough, seconds, every=0.1)

    async def come_to_rest(self) -> None:
        """Wait until all that was announced is terminal, everything was told, and nobody holds anything."""
        try:
            await self._rest()
        except AssertionError:
            row = await self.world.pool.fetchrow(STUCK)
            self.journal.note(f"stuck: {dict(await self.world.statuses())}, {dict(row)}")
            raise

    async def _rest(self) -> None:
        for service in self.alive:
            assert service.process.returncode is None, f"a service ended by itself: {service.process.read_tail(80)}"
        for topic in (Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED):
            await self.world.wire.taken_in(topic, PATIENCE)
        await self.world.settled(self.media, PATIENCE)

        async def nothing_held() -> bool:
            return not (await self.world.pool.fetch(HELD) or await self.world.pool.fetchval(UNSEEN))

        await until(nothing_held, PATIENCE)
        await self.world.settled(self.media, PATIENCE)


async def insist(act: Callable[[], Awaitable[T]], seconds: float = PATIENCE) -> T:
    """Do something to PostgreSQL until it is there to do it."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await act()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)
