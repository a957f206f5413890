"""Every statement, about each of the example platforms: understood, with the same parameters and columns."""

from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest
import pytest_asyncio

from db.migrate import migrate
from db.platform import OURS, NotThere, PlatformMapping
from db.queries import load
from tests.platforms import NAMES, mapping, schema

SUBJECTS = sorted(f.name.removesuffix(".sql") for f in (files("db") / "sql").iterdir())
OURS_ALONE = ("library", "migrate")
"""Run on tables of ours, or before there are any."""


@pytest_asyncio.fixture
async def plain(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to tables of ours."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def shape(connection: asyncpg.Connection, platform: PlatformMapping, query: str) -> tuple[list[str], list[str]]:
    """The types of the parameters, and the names of the columns, of a statement."""
    statement = await connection.prepare(platform.render(query))
    return [p.name for p in statement.get_parameters()], [a.name for a in statement.get_attributes()]


@pytest.mark.parametrize("name", NAMES)
async def test_every_statement_is_the_same_about_a_foreign_schema(
    plain: asyncpg.Connection, empty_database: str, name: str
) -> None:
    platform = mapping(name)
    foreign = await asyncpg.connect(empty_database)
    try:
        await foreign.execute(schema(name))
        await migrate(empty_database, platform)
        wrong = {}
        for subject in SUBJECTS:
            for query_name, query in load(subject).items() if subject not in OURS_ALONE else ():
                wanted = await shape(plain, OURS, query)
                try:
                    found = await shape(foreign, platform, query)
                except NotThere:
                    continue
                except asyncpg.PostgresError as error:
                    wrong[query_name] = str(error)
                else:
                    if found != wanted:
                        wrong[query_name] = f"{found} is not {wanted}"
        assert wrong == {}
    finally:
        await foreign.close()
