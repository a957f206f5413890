"""Worlds: one for a test, or one that several tests look at."""

import itertools
import os
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from tests.acceptance.world import World, make_world
from tests.brokers import KINDS, Broker, as_broker
from tests.forge import Forge
from tests.kafka_real.broker import Kafka

MakeWorld = Callable[..., Awaitable[World]]
QUICK = ("--picture-seconds", "0.05", "--token-seconds", "0.0005", "--load-seconds", "0.05")
_numbers = itertools.count(1)


def shared_broker(stack: Stack) -> Broker:
    """The embedded one, or the real Kafka whose address ACCEPTANCE_KAFKA is."""
    real = os.environ.get("ACCEPTANCE_KAFKA")
    return Broker(real, idempotence=True) if real else Broker(stack.kafka_bootstrap_servers)


@asynccontextmanager
async def _making(
    stack: Stack, template: str, folders: pytest.TempPathFactory, forge: Forge
) -> AsyncIterator[MakeWorld]:
    async with AsyncExitStack() as exits:

        async def make(*options: str, slots: int = 4, kafka: str | None = None, broker: Broker | None = None) -> World:
            database = await exits.enter_async_context(FreshDatabase(stack.database_url, template))
            broker = Broker(kafka) if kafka else broker or shared_broker(stack)
            folder = folders.mktemp("world")
            world = await exits.enter_async_context(
                make_world(broker, database, folder, uuid.uuid4().hex[:12], slots, options)
            )
            world.launch = forge.start
            return world

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def make(
    stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory, forge: Forge
) -> AsyncIterator[MakeWorld]:
    """Return a function `(*options, slots=4, kafka=None, broker=None)` that makes a world for the length of the test.

    `options` are those of the simulated Ollama; `kafka` (an address) or `broker` is another than the one all tests
    share.
    """
    async with _making(stack, template, tmp_path_factory, forge) as making:
        yield making


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def make_shared(
    stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory, forge: Forge
) -> AsyncIterator[MakeWorld]:
    """Return the same, for the length of the module."""
    async with _making(stack, template, tmp_path_factory, forge) as making:
        yield making


@pytest.fixture(scope="module", params=KINDS)
def either_broker(request: pytest.FixtureRequest) -> Broker:
    """Return a broker that all tests of the run share; the module runs once for each kind."""
    if request.param == "embedded":
        stack: Stack = request.getfixturevalue("stack")
        return Broker(stack.kafka_bootstrap_servers)
    node: Kafka = request.getfixturevalue("apache_kafka")
    return as_broker(node)


@pytest_asyncio.fixture(loop_scope="session")
async def world(make: MakeWorld) -> World:
    """Return a world of the test's own, with a simulated Ollama that is quick."""
    return await make(*QUICK)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(make_shared: MakeWorld) -> World:
    """Return a world at work, which the tests of the module share: each brings media of its own."""
    world = await make_shared(*QUICK)
    await world.serve()
    return world


@pytest.fixture
def dice() -> random.Random:
    """Return random numbers whose seed is printed; ACCEPTANCE_SEED repeats a run."""
    seed = int(os.environ.get("ACCEPTANCE_SEED") or random.randrange(2**32))
    print(f"ACCEPTANCE_SEED={seed}")  # noqa: T201 - pytest shows it where a test fails
    return random.Random(seed)


class FreshDatabase:
    """A migrated database that is dropped at the end."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template, self._name = server, template, f"acceptance_{next(_numbers)}"

    async def __aenter__(self) -> str:
        await self._execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template}")
        return urlunsplit(urlsplit(self._server)._replace(path=f"/{self._name}"))

    async def __aexit__(self, *_: object) -> None:
        await self._execute(f"DROP DATABASE {self._name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
