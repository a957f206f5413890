"""Beside a platform: what `migrate`, `doctor`, `serve` and `config` say of its tables."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from db.migrate import migrate
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk
from tests.platforms import file, mapping, schema, take

ELSEWHERE = {name: value for name, value in NOWHERE.items() if name != "DATABASE_URL"}


@pytest_asyncio.fixture
async def photos(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to whom a photo manager's tables belong, without bildwerk."""
    connection = await asyncpg.connect(empty_database)
    await connection.execute(schema("photo-manager"))
    yield connection
    await connection.close()


async def test_migrating_beside_mapped_tables_touches_none(
    bildwerk: Bildwerk, empty_database: str, photos: asyncpg.Connection
) -> None:
    before = await take(photos)

    said = await bildwerk("migrate", DATABASE_URL=empty_database, BILDWERK_PLATFORM=file("photo-manager"))

    assert said.status == 0
    assert said.lines[-1].endswith("is up to date, beside the platform's media tables")
    assert not any("0001" in line for line in said.lines)
    assert await take(photos) == before


async def test_a_mapping_to_a_table_that_is_not_there_makes_none(bildwerk: Bildwerk, empty_database: str) -> None:
    said = await bildwerk("migrate", DATABASE_URL=empty_database, BILDWERK_PLATFORM=file("photo-manager"))

    assert said.status == 1
    (line,) = said.lines
    assert 'has no table "photos"."Assets": say in BILDWERK_PLATFORM which holds the media' in line
    connection = await asyncpg.connect(empty_database)
    try:
        assert await connection.fetchval("SELECT to_regnamespace('bildwerk')") is None
    finally:
        await connection.close()


async def test_doctor_says_what_would_be_written_and_what_is_wrong_and_serve_refuses(
    bildwerk: Bildwerk, empty_database: str, photos: asyncpg.Connection
) -> None:
    settings = {
        "DATABASE_URL": empty_database,
        "BILDWERK_PLATFORM": file("photo-manager"),
        "BILDWERK_WRITES": "tags",
        **ELSEWHERE,
    }
    await migrate(empty_database, mapping("photo-manager"))
    said = await bildwerk("doctor", **settings)
    lines = [line for line in said.out.splitlines() if "write " in line or "table " in line]
    assert lines == [
        'ok    write provenance: off: ollama.model and ollama.last_run_at in "photos"."AssetFields"',
        (
            'ok    write tags: on: INSERT ON "photos"."Labels", INSERT ON "photos"."AssetLabels", '
            'UPDATE ON "photos"."AssetLabels", DELETE ON "photos"."AssetLabels"'
        ),
        "ok    write prompts: cannot be: there is no prompt_history.source",
        "ok    write quality: cannot be: there is no media.quality_status",
        "ok    write events: cannot be: there is no media_lifecycle_events",
    ]

    await photos.execute('ALTER TABLE photos."Assets" RENAME "relativePath" TO somewhere')
    wrong = (
        'table photos.Assets: has no column relativePath (media.path): ALTER TABLE "photos"."Assets" '
        'ADD COLUMN "relativePath" text'
    )
    said = await bildwerk("serve", **settings)
    assert said.status == 1
    assert f"bildwerk: {wrong}" in said.lines


async def test_doctor_names_a_grant_that_is_missing(
    bildwerk: Bildwerk, empty_database: str, photos: asyncpg.Connection
) -> None:
    settings = {"DATABASE_URL": empty_database, "BILDWERK_PLATFORM": file("photo-manager"), **ELSEWHERE}
    await photos.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA photos TO reader")
    try:
        await photos.execute("GRANT SELECT ON ALL TABLES IN SCHEMA photos TO reader")
        await photos.execute('GRANT INSERT ON photos."AssetFields" TO reader')
        said = await bildwerk("migrate", "--service", "reader", **settings)
        assert "reader may work in the schema bildwerk" in said.lines
        as_reader = "postgresql://reader:secret@" + empty_database.rpartition("@")[2]

        said = await bildwerk("doctor", **{**settings, "DATABASE_URL": as_reader})

        fields = '"photos"."AssetFields"'
        assert [line for line in said.out.splitlines() if "grant" in line] == [
            f"FAIL  table {fields}: the role lacks a grant: GRANT UPDATE ON {fields} TO reader"
        ]

        await photos.execute("REVOKE ALL ON bildwerk.intake_stop FROM reader")
        said = await bildwerk("doctor", **{**settings, "DATABASE_URL": as_reader})
        (line,) = [line for line in said.out.splitlines() if "intake_stop" in line]
        assert line.startswith("FAIL  schema bildwerk: ")
        assert "bildwerk migrate --service" in line
    finally:
        await photos.execute("DROP OWNED BY reader; DROP ROLE reader")


async def test_config_shows_the_mapping_in_force(bildwerk: Bildwerk) -> None:
    said = await bildwerk(
        "config", **NOWHERE, BILDWERK_PLATFORM=file("minimal"), BILDWERK_PLATFORM__MEDIA__COLUMNS__HASH="sum"
    )

    lines = said.out.splitlines()
    assert f"BILDWERK_PLATFORM={file('minimal')}" in lines
    assert "BILDWERK_PLATFORM__MEDIA__TABLE=gallery.pictures" in lines
    assert "BILDWERK_PLATFORM__MEDIA__COLUMNS__HASH=sum" in lines
    assert "BILDWERK_PLATFORM__TAGS=false" in lines


@pytest.mark.parametrize("command", [("tags", "merge", "a", "b"), ("ingest", ".")])
async def test_what_needs_tables_of_ours_or_tags_is_refused_with_a_line(
    bildwerk: Bildwerk, empty_database: str, photos: asyncpg.Connection, command: tuple[str, ...]
) -> None:
    settings = {"DATABASE_URL": empty_database, "BILDWERK_PLATFORM": file("photo-manager"), "BILDWERK_MEDIA_ROOT": "."}
    before = await take(photos)
    await migrate(empty_database, mapping("photo-manager"))

    said = await bildwerk(*command, **settings)

    assert said.status == 1
    assert len(said.lines) == 1
    assert await take(photos) == before
