"""Connections while PostgreSQL is silent, or takes no writes: nobody waits for ever, and what is bad is not kept."""

import asyncio
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from db.failures import is_repeatable
from db.pool import Database, Pool, open_pool
from tests.tcp_proxy import TcpProxy

SIZE = 3
GENEROUS = 60.0
"""Seconds after which a call hangs; it may take four."""


def through(proxy: TcpProxy, url: str) -> str:
    """The database's URL through a network."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@{proxy.address}"))


async def test_no_call_hangs_in_a_black_hole_and_the_pool_is_whole_afterwards(database: str) -> None:
    """F6: calls under way, calls that wait for their turn, and new connections, several times over."""
    parts = urlsplit(database)
    async with TcpProxy((parts.hostname or "", parts.port or 0)) as proxy:
        where = Database(through(proxy, database), pool_size=SIZE, connect_timeout=2.0, command_timeout=2.0)
        async with open_pool(where) as pool:
            under_way = [asyncio.create_task(pool.fetchval("SELECT pg_sleep(30)")) for _ in range(SIZE)]
            await asyncio.sleep(0.3)
            await proxy.blackhole()
            for _ in range(2):
                waiting = [asyncio.create_task(pool.fetchval("SELECT 1")) for _ in range(3 * SIZE)]
                async with asyncio.timeout(GENEROUS):
                    ended = await asyncio.gather(*under_way, *waiting, return_exceptions=True)
                assert [error for error in ended if not isinstance(error, Exception) or not is_repeatable(error)] == []
                under_way = []
            await proxy.forward()

            async with asyncio.timeout(GENEROUS):
                while len(pids := await ask_at_once(pool)) < SIZE:
                    await asyncio.sleep(0.1)
            assert len(set(pids)) == SIZE
            assert pool.get_idle_size() == pool.get_size() == SIZE


async def ask_at_once(pool: Pool) -> list[int]:
    """Ask on as many connections as there may be; the process ids of those that answered in time."""

    async def ask() -> int | None:
        try:
            pid: int = await pool.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.5)")
        except Exception as error:
            if not is_repeatable(error):
                raise
            return None
        return pid

    return [pid for pid in await asyncio.gather(*(ask() for _ in range(SIZE))) if pid is not None]


async def test_a_connection_that_takes_no_writes_is_not_kept(database: str) -> None:
    """F9: after a fail-over it would lead to the former primary for ever; one that met another error is kept."""
    async with open_pool(Database(database, pool_size=1)) as pool:
        first = await pool.fetchval("SELECT pg_backend_pid()")
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.execute("DELETE FROM there_is_none")
        async with pool.acquire() as connection:
            await connection.execute("SET default_transaction_read_only = on")
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute("DELETE FROM bildwerk.outbox")
        assert await pool.fetchval("SELECT pg_backend_pid()") == first, "an error that the caller met in it is its own"

        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):  # noqa: PT012 - the block is left with the error
            async with pool.acquire() as connection:
                await connection.execute("SET default_transaction_read_only = on")
                await connection.execute("DELETE FROM bildwerk.outbox")

        assert await pool.fetchval("SELECT pg_backend_pid()") != first
        assert await pool.execute("DELETE FROM bildwerk.outbox") == "DELETE 0"


async def test_nobody_waits_for_a_connection_that_is_never_given_back(database: str) -> None:
    async with open_pool(Database(database, pool_size=1)) as pool, pool.acquire():
        assert pool.patience == Database(database).command_timeout
        pool.patience = 0.5
        began = monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(GENEROUS):
                await pool.fetchval("SELECT 1")
        assert monotonic() - began < GENEROUS


async def test_statements_of_any_length_are_planned_once(database: str) -> None:
    """Beside a platform its names stand for subqueries: a medium is then asked about in 15 000 characters."""
    async with open_pool(Database(database, pool_size=1)) as pool, pool.acquire() as connection:
        for _ in range(2):
            await connection.fetchval("SELECT 1 -- " + "long " * 10_000)
        kept = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 1 -- long%'"
        assert await connection.fetchval(kept) == 1
