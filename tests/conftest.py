"""Real services for the tests: PostgreSQL and a broker once per run, everything that keeps state fresh per test."""

import itertools
import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from PIL import Image

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from bildwerk.sandbox.stack import start_stack
from db.pool import Database, open_pool
from tests.brokers import KINDS, Broker, as_broker
from tests.forge import Forge
from tests.kafka_real.broker import Kafka, fetch_kafka, start_kafka
from tests.ledger import Ledger
from tests.workshop import SPEED, Workshop, open_workshop

for name in [name for name in os.environ if name.startswith("BILDWERK_")]:
    del os.environ[name]
for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "OLLAMA_HOST"):
    os.environ.pop(name, None)  # nobody's configured services are touched by a test

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background job ignores it, and so would every program that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on the machine, and on what is loaded with the first.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

TEMPLATE = "template_migrated"
FIGURE = "figure"
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 8 * 2**30  # noqa: S108 - the supervisor makes a folder of its own in it
"""Where a database is copied in a quarter of the time that a disk takes; each process of a run needs
less than 1 GB of it."""
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def plain_tracebacks() -> None:
    """Draw no locals: those of everything that we hold take seconds, in which nothing else runs."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(autouse=True)
def pictures_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test Pillow's own limit: decoding, which is for a child process, sets it for all that comes after."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack() -> AsyncIterator[Stack]:
    """Return the embedded stack of this run: PostgreSQL (no fsync: only a power failure could tell) and a broker."""
    async with AsyncExitStack() as exits:
        with pytest.MonkeyPatch.context() as patch:
            if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
                patch.setenv("TMPDIR", str(MEMORY))
            running = await exits.enter_async_context(start_stack(slots=None, fsync=False))
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forge() -> AsyncIterator[Forge]:
    """Return what starts processes of bildwerk quickly."""
    async with Forge() as forging:
        yield forging


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(stack: Stack) -> str:
    """Return the name of a migrated database to copy; nobody may stay connected to it."""
    from db.migrate import migrate  # noqa: PLC0415 - only tests that want a database depend on the migrations

    await _execute(stack.database_url, f"CREATE DATABASE {TEMPLATE}")
    await migrate(_name_database(stack.database_url, TEMPLATE))
    return TEMPLATE


@pytest_asyncio.fixture
async def database(stack: Stack, template: str) -> AsyncIterator[str]:
    """Return the URL of a freshly migrated database of this test's own."""
    name = f"test_{next(_numbers)}"
    await _execute(stack.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _name_database(stack.database_url, name)
    await _execute(stack.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def empty_database(stack: Stack) -> AsyncIterator[str]:
    """Return the URL of a database with nothing in it."""
    name = f"test_{next(_numbers)}"
    await _execute(stack.database_url, f"CREATE DATABASE {name}")
    yield _name_database(stack.database_url, name)
    await _execute(stack.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def lock_timeout() -> float:
    """Return for how many seconds one who holds a lock here may be kept by a busy machine, unlike in a service."""
    return 25.0


def make_patient(database: str, lock_timeout: float) -> Database:
    """Return a database whose connections bear that a busy machine stands still for some seconds."""
    return Database(database, lock_timeout=lock_timeout, connect_timeout=60.0, idle_in_transaction_timeout=60.0)


@pytest_asyncio.fixture
async def ledger(database: str, lock_timeout: float) -> AsyncIterator[Ledger]:
    """Return an empty ledger in a database of this test's own."""
    async with open_pool(make_patient(database, lock_timeout)) as pool:
        yield Ledger(pool)


@pytest_asyncio.fixture
async def workshop(
    ledger: Ledger, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Return a runner with a picture and a simulated Ollama of two slots."""
    async with open_workshop(ledger, await start_ollama(2, *SPEED), tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    """Return the Apache Kafka of this run: one node, started for the first test that wants it."""
    folder = tmp_path_factory.mktemp("kafka")
    node = await start_kafka(folder, await fetch_kafka())
    yield node
    await node.stop()


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest) -> Broker:
    """Return a broker that all tests of the run share; the test runs once for each kind."""
    if request.param == "embedded":
        stack: Stack = request.getfixturevalue("stack")
        return Broker(stack.kafka_bootstrap_servers)
    node: Kafka = request.getfixturevalue("apache_kafka")
    return as_broker(node)


@pytest.fixture
def kafka(broker: Broker) -> str:
    """Return the bootstrap servers of the broker: use `unique` in topics and groups."""
    return broker.address


@pytest.fixture
def unique() -> str:
    """Return a word that no other test uses, for the names of topics and consumer groups."""
    return uuid.uuid4().hex[:12]


@pytest_asyncio.fixture
async def start_ollama(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Simulated]]]:
    """Return a function `(slots=4, *options)` that starts a simulated Ollama for the length of the test."""
    async with AsyncExitStack() as exits:

        async def start(slots: int = 4, *options: str) -> Simulated:
            folder = tmp_path / f"ollama-{next(_numbers)}"
            folder.mkdir()
            simulated = await start_simulated_ollama(folder, slots, options)
            exits.push_async_callback(simulated.process.stop)
            return simulated

        yield start


@pytest_asyncio.fixture
async def ollama(start_ollama: Callable[..., Awaitable[Simulated]]) -> Simulated:
    """Return a fresh simulated Ollama with four slots."""
    return await start_ollama()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that notes a figure for the end of the report."""
    node: pytest.Item = request.node
    return lambda text: node.user_properties.append((FIGURE, f"{node.name}: {text}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, whichever process noted them; a report of the teardown holds all of its test's."""
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", None) == "teardown":
            for line in (text for name, text in report.user_properties if name == FIGURE):
                terminalreporter.write_line(line)


def _name_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
