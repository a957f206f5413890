"""TLS to PostgreSQL as the URL asks for it. The embedded server has none: a door in front of it does, as `hostssl`."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest
import pytest_asyncio

from db.migrate import migrate
from db.pool import Database, connect, open_pool
from db.trouble import explain
from tests.tls import Authority, make_authority, postgres_door

Point = Callable[..., Awaitable[str]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority of the test's own."""
    return make_authority(tmp_path / "tls")


@pytest_asyncio.fixture
async def point(empty_database: str) -> AsyncIterator[Point]:
    """Return a function `(context, **options)` that opens a door and returns the URL that leads through it."""
    async with AsyncExitStack() as exits:

        async def open_door(tls: ssl.SSLContext | None, **options: object) -> str:
            parts = urlsplit(empty_database)
            assert parts.port
            port = await exits.enter_async_context(postgres_door(parts.port, tls))
            place = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}"
            return urlunsplit(parts._replace(netloc=place, query=urlencode(options)))

        yield open_door


async def refused(url: str) -> str:
    """What is said where neither a command nor a migration gets in."""
    said = []
    for attempt in (lambda: connect(Database(url)), lambda: migrate(url)):
        with pytest.raises(Exception, match=r".*") as caught:
            await attempt()
        said.append(explain(caught.value))
    assert said[0] == said[1]
    assert said[0] is not None
    return said[0]


async def test_a_checked_server_is_spoken_to_by_migration_pool_and_connection(
    point: Point, authority: Authority
) -> None:
    certificate, key = authority.issue("bildwerk")
    url = await point(
        authority.server("127.0.0.1", asks=True),
        sslmode="verify-full", sslrootcert=authority.file, sslcert=certificate, sslkey=key,
    )  # fmt: skip

    assert (await migrate(url)).applied
    async with open_pool(Database(url)) as pool:
        assert await pool.fetchval("SELECT 1") == 1
    connection = await connect(Database(url))
    assert await connection.fetchval("SELECT count(*) FROM public.media") == 0
    await connection.close()


async def test_a_server_of_another_authority_is_refused(point: Point, authority: Authority, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    url = await point(other.server("127.0.0.1"), sslmode="verify-full", sslrootcert=authority.file)

    assert (await refused(url)).startswith("shows a certificate of an authority that is not trusted: sslrootcert in ")


async def test_a_server_of_another_name_is_refused(point: Point, authority: Authority) -> None:
    url = await point(authority.server("db.example"), sslmode="verify-full", sslrootcert=authority.file)

    assert (await refused(url)).startswith("shows a certificate for another name: ")


async def test_a_server_without_tls_is_refused_where_tls_is_wanted(point: Point, authority: Authority) -> None:
    url = await point(None, sslmode="verify-full", sslrootcert=authority.file)

    assert (await refused(url)).startswith("has no TLS: check sslmode")


async def test_a_server_that_demands_tls_says_so_to_who_comes_without(point: Point, authority: Authority) -> None:
    url = await point(authority.server("127.0.0.1"), sslmode="disable")

    said = await refused(url)
    assert "wants TLS" in said
    assert "sslmode in DATABASE_URL" in said


async def test_files_that_are_not_there_or_hold_something_else_are_named(
    point: Point, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("")
    server = authority.server("127.0.0.1")
    missing = await point(server, sslmode="verify-full", sslrootcert=tmp_path / "nowhere.pem")
    wrong = await point(server, sslmode="verify-full", sslrootcert=tmp_path / "empty.pem")

    assert (await refused(missing)).endswith(
        "sslrootcert, sslcert or sslkey in DATABASE_URL names a file that is not there"
    )
    assert "the files in DATABASE_URL" in await refused(wrong)
