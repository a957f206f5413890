"""One database for all of a file's tests: what they leave in it is wiped, which is quicker than to make one anew."""

import itertools
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from db.pool import Database, open_pool
from tests.ledger import Ledger
from tests.ledger_rules.states import wipe

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_database(stack: Stack, template: str) -> str:
    """Return the URL of a migrated database that goes with the server."""
    name = f"ledger_rules_{next(_numbers)}"
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return urlunsplit(urlsplit(stack.database_url)._replace(path=f"/{name}"))


@pytest_asyncio.fixture
async def ledger(shared_database: str) -> AsyncIterator[Ledger]:
    """Return an empty ledger."""
    async with open_pool(Database(shared_database)) as pool:
        async with pool.acquire() as connection:
            await wipe(connection)
        yield Ledger(pool)
