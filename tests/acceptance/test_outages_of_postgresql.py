"""PostgreSQL stopped, read-only, behind a network that swallows everything, or full: work waits, and goes on."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from bildwerk.sandbox.account import find_unprivileged_account
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.postgres import Place, start_postgres
from bildwerk.sandbox.process import Process
from contracts.topics import Topic
from db.migrate import migrate
from tests.acceptance.conftest import FreshDatabase, shared_broker
from tests.acceptance.pages import Pages, recover, watched
from tests.acceptance.polling import until
from tests.acceptance.test_away import done
from tests.acceptance.world import Service, World, make_world
from tests.small_disk import fill_up, small_disk
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEASE = 6
SPEED = ("--picture-seconds", "0.2", "--token-seconds", "0.0005", "--load-seconds", "0.05")
TEMPLATE = "migrated"


@dataclass
class Server:
    """A PostgreSQL of the module's own: the service comes through `theirs`, the test through `ours`."""

    place: Place
    process: Process
    ours: TcpProxy
    theirs: TcpProxy
    password: str

    def url(self, proxy: TcpProxy, database: str = "bildwerk") -> str:
        """Where a database is, through one of the networks."""
        return f"postgresql://bildwerk:{self.password}@{proxy.address}/{database}"

    async def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once, as a crash does."""
        os.kill(self.process.pid, number)
        await self.process.wait()

    async def start(self) -> None:
        """Start it again."""
        self.process, url = await start_postgres(self.place)
        self.ours.target = self.theirs.target = find_target(url)

    async def execute(self, *statements: str) -> None:
        """Run statements, each by itself, as an administrator."""
        connection = await asyncpg.connect(self.url(self.ours))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@dataclass
class Site:
    """A service at work on a database that a test may break."""

    server: Server
    world: World
    service: Service
    pages: Pages


def find_target(url: str) -> tuple[str, int]:
    """Host and port in a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Return a server with a migrated template."""
    folder = tmp_path_factory.mktemp("postgresql")
    place = Place(folder, folder / "scratch", fsync=False)
    place.scratch.mkdir()
    process, url = await start_postgres(place)
    async with TcpProxy(find_target(url)) as ours, TcpProxy(find_target(url)) as theirs:
        server = Server(place, process, ours, theirs, urlsplit(url).password or "")
        await server.execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(server.url(ours, TEMPLATE))
        yield server
        await server.process.stop()


@asynccontextmanager
async def open_site(server: Server, stack: Stack, folder: Path, database: str) -> AsyncIterator[Site]:
    """A world on a database, with one service that works through the network of its own."""
    word = f"away-{os.getpid()}-{database}"
    async with AsyncExitStack() as exits:
        world = await exits.enter_async_context(
            make_world(shared_broker(stack), server.url(server.ours, database), folder, word, options=SPEED)
        )
        world.settings |= {"DATABASE_URL": server.url(server.theirs, database), "lease_seconds": str(LEASE)}
        service, pages = await exits.enter_async_context(watched(world))
        yield Site(server, world, service, pages)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(server: Server, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Return a service that all tests of the module share: each breaks something else, and heals it."""
    async with FreshDatabase(server.url(server.ours), TEMPLATE) as url:
        database = urlsplit(url).path[1:]
        async with open_site(server, stack, tmp_path_factory.mktemp("site"), database) as opened:
            yield opened


async def begin(site: Site) -> tuple[list[int], list[int]]:
    """Put the service to work; returns media that it works on, and media that nobody has named yet."""
    before = (await site.world.statuses())["done"]
    early, late = await site.world.add(16), await site.world.add(4)
    await site.world.wire.created(early)
    await done(site.world, before + 4, 60.0)
    return early, late


async def nothing_runs(world: World) -> None:
    """Wait until the model is asked nothing."""

    async def idle() -> bool:
        return not (await world.control.get("/control/state")).json()["running"]

    await until(idle, 60.0)


async def test_postgresql_stopped_and_started(site: Site, figure: Callable[[str], None]) -> None:
    early, late = await begin(site)
    committed = await site.world.wire.committed(Topic.MEDIA_CREATED)

    await site.server.stop()
    try:
        await site.world.wire.created(late)
        await site.pages.say(postgresql="unreachable", kafka="not_planning", heartbeat="late")
        await nothing_runs(site.world)
        assert await site.world.wire.committed(Topic.MEDIA_CREATED) == committed
    finally:
        await site.server.start()

    await recover(site.world, site.pages, early + late, figure)
    assert site.service.process.returncode is None


async def test_postgresql_read_only_for_a_while(site: Site, figure: Callable[[str], None]) -> None:
    early, late = await begin(site)

    await site.server.execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        await site.world.wire.created(late)
        refused = "not_planning: ReadOnlySQLTransactionError"
        await site.pages.say(postgresql="read_only", kafka=refused)  # a heart with nothing to keep beats on
        await nothing_runs(site.world)
    finally:
        await site.server.execute("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    await recover(site.world, site.pages, early + late, figure)


async def test_a_network_that_swallows_everything(site: Site, figure: Callable[[str], None]) -> None:
    early, late = await begin(site)

    await site.server.theirs.blackhole()
    try:
        await site.world.wire.created(late)
        await site.pages.say(postgresql="timeout", heartbeat="late")
        await nothing_runs(site.world)
    finally:
        await site.server.theirs.forward()

    await recover(site.world, site.pages, early + late, figure)


async def test_a_disk_of_postgresql_that_is_full(
    server: Server, stack: Stack, tmp_path_factory: pytest.TempPathFactory, figure: Callable[[str], None]
) -> None:
    with small_disk(64) as disk:
        account = find_unprivileged_account()
        if account:
            os.chown(disk, account.uid, account.gid)
        await server.execute(
            f"CREATE TABLESPACE small LOCATION '{disk}'",
            f"CREATE DATABASE full_disk TEMPLATE {TEMPLATE} TABLESPACE small",
        )
        try:
            async with open_site(server, stack, tmp_path_factory.mktemp("full"), "full_disk") as site:
                early, late = await begin(site)
                committed = await site.world.wire.committed(Topic.MEDIA_CREATED)
                unknown = range(10_000, 11_000)  # rows enough to need room, and nothing to do

                filler = fill_up(disk)
                await site.world.wire.created([*late, *unknown])
                await site.pages.say(kafka="not_planning: DiskFullError")
                assert await site.world.wire.committed(Topic.MEDIA_CREATED) == committed
                filler.unlink()

                await recover(site.world, site.pages, early + late, figure)
        finally:
            await server.execute("DROP DATABASE full_disk WITH (FORCE)", "DROP TABLESPACE small")
