"""Connections: one pool for short transactions, and single connections for heartbeats."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import asyncpg

from db.failures import is_repeatable
from db.json_text import read_json, write_json
from db.platform import OURS, PlatformMapping

Connection: TypeAlias = Any
"""An asyncpg connection, alone or out of a pool; asyncpg ships no types."""
Pool: TypeAlias = Any
"""An asyncpg pool."""
Result = TypeVar("Result")

PAUSES = (0.1, 0.5, 2.0)
"""Seconds between the tries of `insist`: longer than a restart of a pooler takes, shorter than a lease."""


class _RenderingConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg carries no types
    """A connection whose statements speak of the platform's tables by our names."""

    platform = OURS

    def get_reset_query(self) -> str:
        """Nothing: nobody changes a session here, settings and locks are a transaction's. Saves a round trip each."""
        return ""

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        return await super().execute(self.platform.render(query), *args, **options)

    async def executemany(self, command: str, args: Any, **options: Any) -> Any:
        return await super().executemany(self.platform.render(command), args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await super().fetch(self.platform.render(query), *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await super().fetchrow(self.platform.render(query), *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await super().fetchval(self.platform.render(query), *args, **options)

    async def fetchmany(self, query: str, args: Any, **options: Any) -> Any:
        return await super().fetchmany(self.platform.render(query), args, **options)

    async def prepare(self, query: str, **options: Any) -> Any:
        return await super().prepare(self.platform.render(query), **options)

    def cursor(self, query: str, *args: Any, **options: Any) -> Any:
        return super().cursor(self.platform.render(query), *args, **options)


@dataclass(frozen=True, slots=True)
class Database:
    """Where PostgreSQL is and how long we wait for it; times in seconds. TLS is what the DSN's options say of it.

    `lock_timeout` is short against a heartbeat: who waits for a row that a platform holds has locked a medium, and its
    heartbeat, with those of all others of that worker, waits behind.
    """

    dsn: str = field(repr=False)
    pool_size: int = 10
    connect_timeout: float = 5.0
    command_timeout: float = 30.0
    lock_timeout: float = 2.0
    idle_in_transaction_timeout: float = 15.0
    platform: PlatformMapping = field(default=OURS, repr=False)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `asyncpg.connect`."""
        return {
            "dsn": self.dsn,
            "timeout": self.connect_timeout,
            "command_timeout": self.command_timeout,
            "server_settings": self.settings(),
            # beside a platform, whose names stand for subqueries, the longest of ours is longer than asyncpg keeps
            "max_cacheable_statement_size": 0,
            "connection_class": type("MappedConnection", (_RenderingConnection,), {"platform": self.platform}),
        }

    def settings(self) -> Mapping[str, str]:
        """Server settings of every session; a frozen holder of a lock is ended by the server."""
        return {
            "application_name": "bildwerk",
            "search_path": "public",
            "timezone": "UTC",
            "synchronous_commit": "on",
            "lock_timeout": f"{int(self.lock_timeout * 1000)}ms",
            "statement_timeout": f"{int(self.command_timeout * 1000)}ms",
            "jit": "off",  # compiling takes longer than any statement of ours, whatever its costs are guessed to be
            "idle_in_transaction_session_timeout": f"{int(self.idle_in_transaction_timeout * 1000)}ms",
        }


async def _prepare(connection: Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=write_json, decoder=read_json)


class _Acquired(asyncpg.pool.PoolAcquireContext):  # type: ignore[misc]
    """What `async with pool.acquire()` enters."""

    async def __aexit__(self, *error: object) -> None:
        if isinstance(error[1], asyncpg.ReadOnlySQLTransactionError):
            # After a fail-over it would lead to the former primary for ever, and the pool keeps what is well.
            self.connection.terminate()
        await super().__aexit__(*error)


class _BoundedPool(asyncpg.Pool):  # type: ignore[misc]
    """A pool in whose queue, and for whose connections, nobody waits longer than `patience` seconds."""

    patience: float

    def acquire(self, *, timeout: float | None = None) -> _Acquired:
        return _Acquired(self, self.patience if timeout is None else timeout)


@asynccontextmanager
async def open_pool(database: Database) -> AsyncIterator[Pool]:
    """A pool of up to `pool_size` connections; JSON columns come and go as Python values.

    A connection is waited for as long as a statement, so that no call takes longer than both together.

    Raises OSError or asyncpg.PostgresError when PostgreSQL cannot be reached or refuses us.
    """
    pool = _BoundedPool(
        min_size=1, max_size=database.pool_size, max_queries=50_000, max_inactive_connection_lifetime=300.0,
        init=_prepare, loop=None, record_class=asyncpg.Record, **database.arguments(),
    )  # fmt: skip
    pool.patience = database.command_timeout
    await pool
    try:
        yield pool
    finally:
        await pool.close()


async def insist(pool: Pool, act: Callable[[Connection], Awaitable[object]]) -> bool:
    """Act on a connection; where PostgreSQL cuts it off, again on another after a moment. False: it stayed away."""
    for pause in PAUSES:
        try:
            async with pool.acquire() as connection:
                await act(connection)
        except Exception as error:
            if not is_repeatable(error):
                raise
            await asyncio.sleep(pause)
        else:
            return True
    return False


async def transact(pool: Pool, act: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Act in a transaction; where PostgreSQL breaks it off, in another after a moment. Raises the last one's error."""
    for pause in PAUSES:
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await act(connection)
        except Exception as error:
            if not is_repeatable(error):
                raise
            await asyncio.sleep(pause)
    async with pool.acquire() as connection, connection.transaction():
        return await act(connection)


async def connect(database: Database) -> Connection:
    """One connection of its own, for what must not wait in the pool's queue."""
    connection = await asyncpg.connect(**database.arguments())
    await _prepare(connection)
    return connection
