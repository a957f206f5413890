"""Rendering: our own names stay as they are, foreign ones take their place, and indexes serve as before."""

import re
from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest
import pytest_asyncio

from contracts.effects import PutMeta
from contracts.facts import MediaFacts
from db.effects import put_meta
from db.migrate import migrate
from db.platform import OURS, NotThere, PlatformMapping, Table, ours
from db.platform_parts import PARTS
from db.pool import Connection, Database, connect, open_pool
from db.queries import load
from tests.platforms import mapping, schema

SUBJECTS = sorted(f.name.removesuffix(".sql") for f in (files("db") / "sql").iterdir())
STATEMENTS = [(subject, name, query) for subject in SUBJECTS for name, query in load(subject).items()]
WRITES = re.compile(rf"\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+public\.(?:{'|'.join(PARTS)})\b")
OURS_ALONE = "library"
"""Puts files where the tables are ours; nothing there is ever mapped."""


def strip(query: str) -> str:
    """The statement with our names in place of what is in braces, as simple as can be."""
    query = re.sub(r"\{(\w+)\.(\w+) of (\w+)\}", r"\3.\2", query)
    query = re.sub(r"\{\w+\.\w+ from ([^{}]+)\}", r"\1", query)
    query = re.sub(r"\{\w+\.(\w+)\}", r"\1", query)
    query = re.sub(r"\{\w+ as \w+: ([^{}]+)\}", r"\1", query)
    return re.sub(r"\{(media_meta|media_tags|media|tags)\}", r"public.\1", query)


@pytest.mark.parametrize(("subject", "name", "query"), STATEMENTS, ids=[name for _, name, _ in STATEMENTS])
def test_without_a_mapping_a_statement_is_what_it_says(subject: str, name: str, query: str) -> None:
    rendered = OURS.render(query)

    if "{" not in re.sub(r"'[^']*'", "", query):
        assert rendered is query or rendered == query
    elif "INSERT INTO {" not in query:
        assert rendered == strip(query)
    assert not re.search(rf"\{{(?:{'|'.join(PARTS)})\b", rendered), f"{subject}.{name}"


def test_whoever_writes_a_platforms_table_names_it_in_braces() -> None:
    assert [name for subject, name, query in STATEMENTS if subject != OURS_ALONE and WRITES.search(query)] == []
    assert [name for subject, name, query in STATEMENTS if subject == OURS_ALONE and WRITES.search(query)] != []


def test_an_insert_names_the_columns_that_are_there() -> None:
    query = "INSERT INTO {media_tags: media_id = $1, tag_id = $2, confidence = $3::real,\n    source = $4}"

    assert OURS.render(query) == (
        "INSERT INTO public.media_tags (media_id, tag_id, confidence, source)\nSELECT $1, $2, $3::real, $4"
    )
    assert mapping("photo-manager").render(query) == (
        'INSERT INTO "photos"."AssetLabels" ("assetId", "labelId")\nSELECT $1, $2'
    )


def test_an_update_sets_something() -> None:
    query = "UPDATE {media_tags} AS l SET {media_tags as l: confidence = 1, weight = 2}"

    assert OURS.render(query) == "UPDATE public.media_tags AS l SET confidence = 1, weight = 2"
    assert mapping("photo-manager").render(query) == ('UPDATE "photos"."AssetLabels" AS l SET "assetId" = l."assetId"')


def test_what_is_not_there_cannot_be_written() -> None:
    platform = mapping("minimal")

    for query in (
        "DELETE FROM {tags}",
        "UPDATE {media} SET {media.quality_status} = 'ok'",
        "INSERT INTO {tags: name = 'x'}",
    ):
        with pytest.raises(NotThere):
            platform.render(query)


def test_texts_and_comments_are_left_alone() -> None:
    query = "-- public.media\nSELECT 'public.tags', '{tags}', 'it''s {media}' FROM public.media_metadata"

    assert mapping("photo-manager").render(query) == query


def test_names_and_words_are_quoted() -> None:
    table = Table('we"ird', "na.me", {**ours("media").columns, "path": 'p"ath', "quality_status": "s"})
    platform = PlatformMapping({**OURS.tables, "media": table}, {"quality_status": {"ok": "it's"}})

    assert platform.render("{media}.{media.path}") == '"we""ird"."na.me"."p""ath"'
    assert "'it''s'" in platform.render("{media.quality_status from $1}")


@pytest_asyncio.fixture
async def photos(empty_database: str) -> AsyncIterator[Connection]:
    """Return a connection to a photo manager with a hundred thousand fields, bildwerk beside it."""
    platform = mapping("photo-manager")
    plain = await asyncpg.connect(empty_database)
    await plain.execute(schema("photo-manager"))
    await migrate(empty_database, platform)
    await plain.execute(
        """INSERT INTO photos."Assets" ("relativePath") SELECT 'p' || n FROM generate_series(1, 20000) AS n;
        INSERT INTO photos."AssetFields" ("assetId", field, content)
        SELECT a, 'f' || f, '"x"' FROM generate_series(1, 20000) AS a, generate_series(1, 5) AS f;
        INSERT INTO bildwerk.media (id) SELECT generate_series(1, 20000);
        ANALYZE"""
    )
    await plain.close()
    connection = await connect(Database(empty_database, platform=platform))
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("SELECT path FROM public.media WHERE id = ANY('{1,2}'::bigint[])", '"assetId" = ANY'),
        (
            "SELECT p.path FROM bildwerk.media AS m LEFT JOIN public.media AS p ON p.id = m.id WHERE m.id = 7",
            '"assetId" =',
        ),
        ("SELECT id FROM public.media WHERE path = 'p7'", '"relativePath")::text ='),
        (
            "SELECT v.value FROM public.media_meta AS v WHERE v.media_id = 7 AND v.key = 'ollama.title'",
            '"assetId" = 7',
        ),
        ("SELECT p.id FROM public.media AS p WHERE p.id > 19990 ORDER BY p.id LIMIT 5", '"assetId" > 19990'),
    ],
)
async def test_the_platforms_indexes_serve(photos: Connection, query: str, condition: str) -> None:
    plan = "\n".join(row[0] for row in await photos.fetch(f"EXPLAIN {query}"))

    assert re.search(rf"Index Cond: .*{re.escape(condition)}", plan), plan
    assert 'Seq Scan on "Asset' not in plan


async def test_a_key_that_keeps_its_name_is_looked_up_by_it(photos: Connection) -> None:
    """The value that we write is found by medium and key, also where other keys are mapped."""
    facts = MediaFacts(7, content_hash="c")
    assert await put_meta(photos, facts, PutMeta("ollama.title", "A title"), 1)
    update = mapping("photo-manager").render(load("effects")["effects_replace_meta"])
    for place, value in enumerate(("7", "'ollama.title'", "'2'::jsonb", "'c'", "1", "'1'::jsonb"), 1):
        update = update.replace(f"${place}", value)
    plan = "\n".join(row[0] for row in await photos.fetch(f"EXPLAIN {update}"))

    assert re.search(r"""Index Cond: \(\("assetId" = .*7.*AND .*field.*ollama\.title""", plan), plan


async def test_every_way_to_ask_is_rendered(empty_database: str) -> None:
    """A connection's methods, alone and out of a pool."""
    platform = mapping("minimal")
    query = "SELECT id FROM public.media WHERE id = $1"
    admin = await asyncpg.connect(empty_database)
    await admin.execute(f"{schema('minimal')}; INSERT INTO gallery.pictures (file) VALUES ('a')")  # noqa: S608
    await admin.close()
    async with open_pool(Database(empty_database, platform=platform)) as pool, pool.acquire() as connection:
        assert await pool.fetchval(query, 1) == await connection.fetchval(query, 1) == 1
        assert (await connection.fetchrow(query, 1))["id"] == 1
        assert [row["id"] for row in await connection.fetch(query, 1)] == [1]
        assert await connection.execute("SELECT FROM public.media") == "SELECT 1"
        await connection.executemany("DELETE FROM {media} WHERE {media.id} = $1", [(2,), (3,)])
        assert [row["id"] for row in await connection.fetchmany(query, [(1,)])] == [1]
        assert await (await connection.prepare(query)).fetchval(1) == 1
        async with connection.transaction():
            assert [row["id"] async for row in connection.cursor(query, 1)] == [1]


def test_what_names_no_table_is_not_kept() -> None:
    platform = PlatformMapping()
    for number in range(3):
        assert platform.render(f"SAVEPOINT s{number}") == f"SAVEPOINT s{number}"
    assert platform._rendered == {}
