"""Where programs of faults are played: a PostgreSQL and a broker of their own, each behind a door."""

import asyncio
import itertools
import os
import random
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bildwerk.sandbox.broker import start_broker
from bildwerk.sandbox.postgres import Place, start_postgres
from bildwerk.sandbox.process import Process
from db.migrate import migrate
from tests.acceptance.world import World, make_world
from tests.brokers import Broker
from tests.chaos.proxy import Door, open_door
from tests.forge import Forge

TEMPLATE = "template_migrated"
OUR_SESSIONS = b"application_name\0bildwerk\0"
OUR_REQUESTS = b"\0\x08bildwerk"
"""The client's name as Kafka's protocol has it."""
_numbers = itertools.count(1)


@dataclass
class Theatre:
    """The servers. Doors strike only sessions of `bildwerk serve`, never those of the test itself."""

    folder: Path
    place: Place
    postgres: Process
    database_url: str
    database_door: Door
    broker: Process
    broker_door: Door
    forge: Forge

    async def crash_postgres(self) -> None:
        """End all of its processes at once, as `pg_ctl stop -m immediate` does."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        await self.postgres.wait()

    async def start_postgres(self) -> None:
        """Start it again on what it left."""
        self.postgres, url = await start_postgres(self.place)
        self.database_door.target = urlsplit(url).port or 0

    @asynccontextmanager
    async def open_world(self, slots: int, options: tuple[str, ...]) -> AsyncIterator[World]:
        """A world with a fresh database and topics, whose services go through the doors."""
        name = f"chaos_{next(_numbers)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        url = _name_database(self.database_url, name)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            broker = Broker(self.broker_door.address)
            async with make_world(broker, url, folder, uuid.uuid4().hex[:12], slots, options) as world:
                world.launch = self.forge.start
                yield world
                world.services.clear()  # what they logged was looked at
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def open_theatre() -> AsyncIterator[Theatre]:
    """Start everything; leaving it stops everything and forgets what it held."""
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bildwerk-chaos-")))
        place = Place(folder / "database", folder / "scratch")
        for each in (place.folder, place.scratch):
            each.mkdir()
        postgres, url = await start_postgres(place)
        database_door = await exits.enter_async_context(
            open_door(urlsplit(url).port or 0, random.Random(1), OUR_SESSIONS)
        )
        broker_door = await exits.enter_async_context(open_door(0, random.Random(2), OUR_REQUESTS))
        broker, address = await start_broker(folder, broker_door.address)
        exits.push_async_callback(broker.stop)
        broker_door.target = int(address.rpartition(":")[2])
        parts = urlsplit(url)
        there = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{database_door.port}"))
        behind = urlunsplit(there._replace(query="sslmode=disable"))
        forge = await exits.enter_async_context(Forge())
        theatre = Theatre(folder, place, postgres, behind, database_door, broker, broker_door, forge)
        exits.push_async_callback(_stop_postgres, theatre)
        await theatre._execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(_name_database(behind, TEMPLATE))
        yield theatre


async def _stop_postgres(theatre: Theatre) -> None:
    async with asyncio.timeout(60):
        await theatre.postgres.stop()


def _name_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
