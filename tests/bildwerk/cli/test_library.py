"""The commands that speak to the database: migrate, ingest, status, explain, doctor."""

import json
from pathlib import Path

import pytest

from bildwerk.sandbox.ollama import Simulated
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk
from tests.ledger import Ledger

Variables = dict[str, str]


@pytest.fixture
def library(database: str, pictures: Path) -> Variables:
    """Return variables that point at a migrated database and the pictures, and at nothing else that exists."""
    return {**NOWHERE, "DATABASE_URL": database, "BILDWERK_MEDIA_ROOT": str(pictures)}


async def test_migrate_twice_and_create_the_topics(
    bildwerk: Bildwerk, empty_database: str, kafka: str, unique: str
) -> None:
    topics = {
        f"BILDWERK_TOPIC_{n}": f"{n.lower()}.{unique}" for n in ("MEDIA_CREATED", "MEDIA_UPDATED", "STAGE_COMPLETED")
    }
    places = {"DATABASE_URL": empty_database, "KAFKA_BOOTSTRAP_SERVERS": kafka, **topics}

    first = await bildwerk("migrate", "--topics", "--partitions", 2, **places)
    again = await bildwerk("migrate", "--topics", **places)

    assert (first.status, again.status) == (0, 0)
    assert f"created the topic media_created.{unique}" in first.lines
    assert "applied 0002_ledger.sql" in first.lines
    assert [line for line in again.lines if line.startswith(("applied", "created"))] == []


async def test_a_database_without_our_schema_is_told_to_migrate(bildwerk: Bildwerk, empty_database: str) -> None:
    said = await bildwerk("status", **NOWHERE | {"DATABASE_URL": empty_database})

    (line,) = said.lines
    assert said.status == 1
    assert line.endswith("run `bildwerk migrate`")


async def test_ingest_adds_and_then_has_nothing_to_do(bildwerk: Bildwerk, library: Variables) -> None:
    first = await bildwerk("ingest", "media", **library)
    again = await bildwerk("ingest", "media/2024", "media/a.jpg", **library)

    assert (first.status, first.lines) == (0, ["2 added, 0 changed, 0 unchanged"])
    assert (again.status, again.lines) == (0, ["0 added, 0 changed, 2 unchanged"])


async def test_ingest_refuses_beside_a_platform(bildwerk: Bildwerk, library: Variables, ledger: Ledger) -> None:
    await ledger.pool.execute("UPDATE bildwerk.installation SET owns_platform = false")

    said = await bildwerk("ingest", "media", **library)

    assert said.status == 1
    assert "belongs to a platform" in said.lines[0]
    assert await ledger.pool.fetchval("SELECT count(*) FROM public.media") == 0


async def test_ingest_refuses_what_is_outside_the_media_root(bildwerk: Bildwerk, library: Variables) -> None:
    said = await bildwerk("ingest", ".", **library)

    assert said.status == 1
    assert "not below the media root" in said.lines[0]


async def test_ingest_tells_of_files_that_cannot_be_read(
    bildwerk: Bildwerk, library: Variables, pictures: Path
) -> None:
    (pictures / "c.png").symlink_to("nowhere")

    said = await bildwerk("ingest", "media", **library)

    assert (said.status, said.lines) == (1, ["2 added, 0 changed, 0 unchanged", "cannot be read: c.png"])


async def test_status_counts(bildwerk: Bildwerk, library: Variables) -> None:
    await bildwerk("ingest", "media", **library)

    told = await bildwerk("status", **library)
    counted = json.loads((await bildwerk("status", "--json", **library)).out)

    assert "2 media, 2 of them to be looked at, 0 being worked on" in told.out
    assert counted["queues"]["outbox"] == 2
    assert not counted["settled"]


async def test_explain_by_id_by_path_and_by_file(bildwerk: Bildwerk, library: Variables) -> None:
    await bildwerk("ingest", "media", **library)

    by_path = await bildwerk("explain", "2024/b.png", **library)
    media_id = by_path.out.split(":")[0].removeprefix("medium ")
    by_id = await bildwerk("explain", media_id, **library)
    by_file = await bildwerk("explain", "./media/2024/b.png", **library)

    assert by_id == by_path == by_file
    assert "its picture is to be looked at" in by_path.out
    assert "ollama_title: not planned yet" in by_path.out
    assert "  ollama.title: nobody wrote it" in by_path.out


async def test_explain_names_a_medium_that_is_not_there(bildwerk: Bildwerk, library: Variables) -> None:
    said = await bildwerk("explain", "99", **library)

    assert said.status == 1
    assert "there is no medium" in said.lines[0]


async def test_doctor_is_content_when_all_is_there(
    bildwerk: Bildwerk, library: Variables, kafka: str, ollama: Simulated
) -> None:
    places = {
        **library,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "OLLAMA_HOST": ollama.url,
        "BILDWERK_MODEL": "bildwerk-simulated",
    }
    await bildwerk("migrate", "--topics", **places)

    said = await bildwerk("doctor", **places)

    assert said.status == 0, said.out
    assert not [line for line in said.out.splitlines() if line.startswith("FAIL")]
    assert "bildwerk-simulated is there and can see" in said.out


async def test_doctor_says_which_model_to_pull(bildwerk: Bildwerk, library: Variables, ollama: Simulated) -> None:
    said = await bildwerk("doctor", **library | {"OLLAMA_HOST": ollama.url, "BILDWERK_MODEL": "llava:7b"})

    assert said.status == 1
    assert f"run `OLLAMA_HOST={ollama.url} ollama pull llava:7b`" in said.out


async def test_doctor_says_which_grant_is_missing(bildwerk: Bildwerk, library: Variables, ledger: Ledger) -> None:
    role = await ledger.pool.fetchval("SELECT current_user")
    await ledger.pool.execute("CREATE ROLE reader_of_media LOGIN PASSWORD 'geheim'")
    try:
        await ledger.pool.execute("GRANT USAGE ON SCHEMA bildwerk TO reader_of_media")
        await ledger.pool.execute("GRANT SELECT ON ALL TABLES IN SCHEMA bildwerk TO reader_of_media")
        dsn = library["DATABASE_URL"].replace(f"//{role}:", "//reader_of_media:")
        password = dsn.split(":")[2].split("@")[0]

        said = await bildwerk("doctor", **library | {"DATABASE_URL": dsn.replace(password, "geheim")})

        assert "the role lacks a grant: GRANT SELECT ON public.media TO reader_of_media" in said.out
        assert "GRANT INSERT ON public.media_meta TO reader_of_media" in said.out
    finally:
        await ledger.pool.execute("DROP OWNED BY reader_of_media")
        await ledger.pool.execute("DROP ROLE reader_of_media")
