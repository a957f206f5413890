"""Migrations: once, twice, at once, and beside a platform."""

import asyncio
from importlib.resources import files

import asyncpg

from contracts.tags import fold_name
from db.migrate import holds_media, migrate, migrations, pending


async def test_an_empty_database_gets_everything_once(empty_database: str) -> None:
    first = await migrate(empty_database)
    assert first.applied == migrations()
    assert first.owns_platform

    second = await migrate(empty_database)
    assert second.applied == ()
    assert second.owns_platform


async def test_many_at_once_apply_each_migration_once(empty_database: str) -> None:
    """Safe at once: every file is applied by exactly one of them."""
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(5)))

    assert sorted(name for result in done for name in result.applied) == sorted(migrations())
    assert all(result.owns_platform for result in done)


async def test_a_platforms_tables_are_left_alone(empty_database: str) -> None:
    """Beside a platform only our schema is made, and we know that the tables are not ours."""
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute("CREATE TABLE public.media (id bigint PRIMARY KEY, path text NOT NULL)")
        result = await migrate(empty_database)

        assert not result.owns_platform
        assert await connection.fetchval("SELECT to_regclass('public.media_meta')") is None
        assert await pending(connection) == ()
        assert not (await migrate(empty_database)).owns_platform
    finally:
        await connection.close()


async def test_a_database_without_our_schema_lacks_all(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        assert await pending(connection) == migrations()
    finally:
        await connection.close()


async def test_looking_for_media_changes_nothing(empty_database: str) -> None:
    """Before a demo: an empty database is free, a platform's is not, nor is one with media in it."""
    connection = await asyncpg.connect(empty_database)
    try:
        assert not await holds_media(connection)
        await connection.execute("CREATE TABLE public.media (id bigint PRIMARY KEY, path text NOT NULL)")
        assert await holds_media(connection)
        assert await connection.fetchval("SELECT to_regnamespace('bildwerk')") is None
        await connection.execute("DROP TABLE public.media")
        await migrate(empty_database)
        assert not await holds_media(connection)
        await connection.execute("INSERT INTO public.media (path) VALUES ('a.jpg')")
        assert await holds_media(connection)
    finally:
        await connection.close()


async def test_keys_of_words_with_a_sharp_s_follow_the_rule(empty_database: str) -> None:
    """0013: what older versions kept under ss is found under the key that names have now; other names stay."""
    await migrate(empty_database)
    names = ["Maße", "große Körpermaße", "Buße tun", "Massen", "Straße", "Bussen"]
    connection = await asyncpg.connect(empty_database)
    try:
        for number, name in enumerate(names):
            older = name.casefold()
            await connection.execute(
                "INSERT INTO bildwerk.tag_aliases (key, alias, tag_id, name) VALUES ($1, $2, $3, 'x')",
                older, name, number,
            )  # fmt: skip
            await connection.execute("INSERT INTO bildwerk.tag_spellings (key, name) VALUES ($1, $2)", older, name)
        await connection.execute((files("db") / "migrations" / "0013_sharp_s.sql").read_text("utf-8"))

        aliases = await connection.fetch("SELECT key, alias FROM bildwerk.tag_aliases ORDER BY tag_id")
        assert [row["key"] for row in aliases] == [fold_name(name) for name in names]
        spellings = await connection.fetch("SELECT name FROM bildwerk.tag_spellings")
        assert {row["name"] for row in spellings} == {"Massen", "Straße", "Bussen"}
    finally:
        await connection.close()
