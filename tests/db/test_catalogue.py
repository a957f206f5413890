"""A platform that is not as its mapping says: one line for each thing, and the statement that mends it does."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from db.catalogue import Mismatch, compare, read_catalogue
from db.grants import list_missing, list_needed
from db.platform import OURS, PlatformMapping
from db.platform_parts import PARTS
from db.pool import Connection, Database, connect
from tests.acceptance.conftest import FreshDatabase
from tests.platforms import NAMES, mapping, schema

WRITES = ("tags", "quality", "prompts", "events")
ROLE = "somebody"
REQUIRED = [(name, column) for name, part in PARTS.items() for column, what in part.columns.items() if what.required]
OPTIONAL = [
    (name, column) for name, part in PARTS.items() for column, what in part.columns.items() if not what.required
]
KEYS = [name for name, part in PARTS.items() if part.key]
TYPES = {
    "ID": "uuid",
    "TEXT": "bytea",
    "JSON": "bytea",
    "SHARE": "text",
    "COUNT": "text",
    "MOMENT": "date",
    "FLAG": "text",
}


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everything(stack: Stack, template: str) -> AsyncIterator[Connection]:
    """Return a connection to whom the tables of ours belong, in a database of the module's."""
    async with FreshDatabase(stack.database_url, template) as url:
        connection = await connect(Database(url))
        yield connection
        await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def admin(everything: Connection) -> AsyncIterator[Connection]:
    """Return the same; what the test does there is undone."""
    transaction = everything.transaction()
    await transaction.start()
    yield everything
    await transaction.rollback()


@pytest_asyncio.fixture(loop_scope="session")
async def foreign(stack: Stack) -> AsyncIterator[str]:
    """Return the URL of a database with nothing in it."""
    async with FreshDatabase(stack.database_url, "template1") as url:
        yield url


async def examine(
    connection: Connection, platform: PlatformMapping = OURS, writes: tuple[str, ...] = WRITES
) -> list[Mismatch]:
    """What is wrong."""
    return list(compare(platform, await read_catalogue(connection, platform), writes))


async def mend(connection: Connection, mismatch: Mismatch) -> None:
    """Do as one is told; what was there goes, where it cannot become what it must be."""
    statement = mismatch.mend.split(", or ")[0]
    if " TYPE " in statement:
        await connection.execute(f"TRUNCATE {mismatch.table} CASCADE")
        column = re.findall(r"ALTER COLUMN (\S+)", statement)[0]
        statement += f" USING NULL::{statement.rpartition(' ')[2]}"
        assert column
    await connection.execute(statement)


async def test_our_own_tables_are_right(admin: Connection) -> None:
    assert await examine(admin) == []


@pytest.mark.parametrize("name", NAMES)
async def test_the_examples_are_right(foreign: str, name: str) -> None:
    platform = mapping(name)
    connection = await connect(Database(foreign))
    try:
        await connection.execute(schema(name))
        assert await examine(connection, platform) == []
    finally:
        await connection.close()


@pytest.mark.parametrize(("name", "column"), REQUIRED)
async def test_a_required_column_that_is_missing_is_one_line(admin: Connection, name: str, column: str) -> None:
    await admin.execute(f"ALTER TABLE {name} DROP COLUMN {column} CASCADE")

    (found,) = await examine(admin)

    assert (found.table, found.wrong) == (f"public.{name}", f"has no column {column} ({name}.{column})")
    kind = PARTS[name].columns[column].kind.spelling
    assert found.mend == f"ALTER TABLE public.{name} ADD COLUMN {column} {kind}"
    await mend(admin, found)
    again = [m.wrong for m in await examine(admin)]
    assert again in ([], [f"may hold the same {' and '.join(PARTS[name].key)} twice"])


@pytest.mark.parametrize(("name", "column"), OPTIONAL)
async def test_an_optional_column_that_is_missing_may_be_mapped_to_nothing(
    admin: Connection, name: str, column: str
) -> None:
    await admin.execute(f"ALTER TABLE {name} DROP COLUMN {column} CASCADE")

    (found,) = await examine(admin)

    assert found.wrong == f"has no column {column} ({name}.{column})"
    assert found.mend.endswith(f", or say in BILDWERK_PLATFORM that {name}.{column} is false")


@pytest.mark.parametrize(("name", "column"), [*REQUIRED, *OPTIONAL])
async def test_a_column_of_another_type_is_one_line(admin: Connection, name: str, column: str) -> None:
    kind = PARTS[name].columns[column].kind
    wrong = TYPES[kind.name]
    for key in await admin.fetch(
        "SELECT conrelid::regclass::text AS t, conname FROM pg_constraint WHERE contype = 'f'"
    ):
        if not key["t"].startswith("bildwerk."):
            await admin.execute(f"ALTER TABLE {key['t']} DROP CONSTRAINT {key['conname']}")
    await admin.execute(
        f"ALTER TABLE {name} ALTER COLUMN {column} DROP IDENTITY IF EXISTS, ALTER COLUMN {column} DROP DEFAULT"
    )
    for check in await admin.fetch(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = $1::regclass", name
    ):
        await admin.execute(f"ALTER TABLE {name} DROP CONSTRAINT {check['conname']}")
    await admin.execute(f"ALTER TABLE {name} ALTER COLUMN {column} TYPE {wrong} USING NULL::{wrong}")

    found = [m for m in await examine(admin) if "wants a value" not in m.wrong]

    assert [m.wrong for m in found] == [f"{column} ({name}.{column}) is {wrong}, not {kind.spelling}"]
    assert found[0].mend == f"ALTER TABLE public.{name} ALTER COLUMN {column} TYPE {kind.spelling}"
    await mend(admin, found[0])
    assert [m for m in await examine(admin) if "wants a value" not in m.wrong] == []


@pytest.mark.parametrize("name", KEYS)
async def test_a_key_that_is_not_unique_is_one_line(admin: Connection, name: str) -> None:
    for key in await admin.fetch(
        "SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = $1::regclass", name
    ):
        await admin.execute(f"ALTER TABLE {name} DROP CONSTRAINT {key['conname']} CASCADE")

    (found,) = await examine(admin)

    key_columns = PARTS[name].key
    assert found.wrong == f"may hold the same {' and '.join(key_columns)} twice"
    assert found.mend == f"CREATE UNIQUE INDEX ON public.{name} ({', '.join(key_columns)})"
    await mend(admin, found)
    assert await examine(admin) == []


@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX ON media_meta (media_id, key)",
        "CREATE UNIQUE INDEX ON media_meta (media_id, key) WHERE key <> 'x'",
        "CREATE UNIQUE INDEX ON media_meta (media_id, lower(key))",
        "CREATE UNIQUE INDEX ON media_meta (media_id, key, value)",
        "CREATE UNIQUE INDEX ON media_meta (media_id) INCLUDE (key)",
        "ALTER TABLE media_meta ADD UNIQUE (media_id, key) DEFERRABLE",
    ],
)
async def test_what_is_nearly_a_unique_key_is_none(admin: Connection, index: str) -> None:
    await admin.execute("ALTER TABLE media_meta DROP CONSTRAINT media_meta_pkey")
    await admin.execute(index)

    assert [m.wrong for m in await examine(admin)] == ["may hold the same media_id and key twice"]


@pytest.mark.parametrize("name", PARTS)
async def test_a_table_that_is_missing_is_one_line(admin: Connection, name: str) -> None:
    await admin.execute(f"DROP TABLE {name} CASCADE")

    (found,) = await examine(admin)

    assert (found.table, found.wrong) == (f"public.{name}", "is not there")
    assert found.mend.startswith(f"CREATE TABLE public.{name} (")
    assert found.mend.endswith(f"{name} is false") != PARTS[name].required
    await mend(admin, found)
    assert [m for m in await examine(admin) if "wants a value" not in m.wrong] == []


async def test_keys_of_tags_matter_to_whoever_writes_them(admin: Connection) -> None:
    await admin.execute("ALTER TABLE tags DROP CONSTRAINT tags_name_key")

    assert await examine(admin, writes=()) == []
    assert len(await examine(admin, writes=("tags",))) == 1


async def test_a_text_that_is_too_short_and_a_number_that_rounds_are_wrong(admin: Connection) -> None:
    await admin.execute("ALTER TABLE media_meta ALTER COLUMN key TYPE varchar(20)")
    await admin.execute("ALTER TABLE tags ALTER COLUMN name TYPE varchar(60)")
    await admin.execute("ALTER TABLE media_tags ALTER COLUMN weight TYPE numeric(3, 2)")

    assert [m.wrong for m in await examine(admin)] == [
        "key (media_meta.key) is varchar(20), not text",
        "weight (media_tags.weight) is numeric with a limit, not real",
    ]


async def test_values_that_are_text_are_to_be_mapped_as_text(admin: Connection) -> None:
    await admin.execute("ALTER TABLE media_meta ALTER COLUMN value TYPE text USING value::text")

    (found,) = await examine(admin)

    assert found.wrong == "value (media_meta.value) is text, not jsonb"
    assert found.mend == 'say types.value = "text" under [media_meta] of BILDWERK_PLATFORM'
    assert await examine(admin, PlatformMapping(types={"media_meta.value": "text"})) == []


async def test_a_column_that_a_new_row_must_fill_is_in_the_way(admin: Connection) -> None:
    await admin.execute("ALTER TABLE media_meta ADD COLUMN author text NOT NULL")

    (found,) = await examine(admin)

    assert found.wrong == "wants a value for author, and we give none"
    await mend(admin, found)
    assert await examine(admin) == []


@pytest.mark.parametrize("name", NAMES)
async def test_each_missing_grant_is_one_line_and_its_statement_mends_it(foreign: str, name: str) -> None:
    platform, writes = mapping(name), WRITES
    admin = await asyncpg.connect(foreign)
    await admin.execute(f"{schema(name)}; CREATE ROLE {ROLE}")
    service = await connect(Database(f"{foreign}?role={ROLE}"))
    try:
        needed = list_needed(["media_tags", "prompt_history"], writes, platform)
        first = await list_missing(service, needed)
        assert {*first} >= {*needed}
        numbering = [str(grant) for grant in first if grant not in needed]
        assert numbering == ['USAGE ON SEQUENCE photos."Labels_id_seq"'] * (name == "photo-manager")
        for grant in first:
            await admin.execute(f"GRANT {grant} TO {ROLE}")
        assert await list_missing(service, needed) == ()
        for grant in first:
            await admin.execute(f"REVOKE {grant} FROM {ROLE}")
            assert await list_missing(service, needed) == (grant,)
            await admin.execute(f"GRANT {grant} TO {ROLE}")
    finally:
        await service.close()
        await admin.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
        await admin.close()
