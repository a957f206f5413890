"""What commands say when something is missing: one line for each thing, never a traceback, never a password."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bildwerk.settings import Settings
from contracts.events import EVENTS
from contracts.topics import Topic
from contracts.values import KEYS
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk

NOT_SET = "bildwerk: DATABASE_URL is not set: it looks like postgresql://user:password@host:5432/database"
SERVICES = ("PostgreSQL at 127.0.0.1:1/media", "Kafka at 127.0.0.1:1", "Ollama at 127.0.0.1:1")


@pytest.fixture
def bildwerk(whole_bildwerk: Bildwerk) -> Bildwerk:
    """Return what runs a command as a process that imports everything itself."""
    return whole_bildwerk


@pytest.mark.parametrize(
    "command", [("serve",), ("migrate",), ("status",), ("doctor",), ("explain", "1"), ("ingest", ".")]
)
async def test_without_a_database_each_command_says_so(bildwerk: Bildwerk, command: tuple[str, ...]) -> None:
    said = await bildwerk(*command)

    assert (said.status, said.lines) == (1, [NOT_SET])


@pytest.mark.parametrize("command", [("migrate",), ("status",), ("explain", "1"), ("ingest", ".")])
async def test_a_database_that_is_away_is_named(bildwerk: Bildwerk, command: tuple[str, ...]) -> None:
    said = await bildwerk(*command, **NOWHERE, BILDWERK_MEDIA_ROOT=".")

    (line,) = said.lines
    assert said.status == 1
    assert line.startswith("bildwerk: PostgreSQL at 127.0.0.1:1/media does not answer")


async def test_serve_names_everything_that_is_missing(bildwerk: Bildwerk) -> None:
    said = await bildwerk("serve", **NOWHERE)

    assert said.status == 1
    for what in (*SERVICES, "media root media"):
        assert [line for line in said.lines if line.startswith(f"bildwerk: {what}: ")]
    assert len(said.lines) == 4


async def test_doctor_names_everything_and_what_to_do(bildwerk: Bildwerk) -> None:
    said = await bildwerk("doctor", **NOWHERE)

    assert said.status == 1
    assert said.lines == []
    failed = [line.removeprefix("FAIL  ") for line in said.out.splitlines() if line.startswith("FAIL")]
    assert [line.split(": ")[0] for line in failed] == [SERVICES[0], SERVICES[1], "media root media", SERVICES[2]]
    for line, variable in zip(
        failed, ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "BILDWERK_MEDIA_ROOT", "OLLAMA_HOST"), strict=True
    ):
        assert variable in line


async def test_a_mistyped_setting_is_named_with_the_right_one(bildwerk: Bildwerk) -> None:
    said = await bildwerk("status", **NOWHERE, BILDWERK_MODLE="x", BILDWERK_TRIES="geheim")

    assert said.status == 1
    assert said.lines == [
        "bildwerk: BILDWERK_MODLE is not a setting: did you mean BILDWERK_MODEL?",
        "bildwerk: BILDWERK_TRIES: input should be a valid integer, unable to parse string as an integer",
    ]


async def test_config_lists_every_setting_and_covers_secrets(bildwerk: Bildwerk) -> None:
    said = await bildwerk("config", **NOWHERE, BILDWERK_TRIES=5)

    values = dict(line.split("=", 1) for line in said.out.splitlines() if not line.startswith("#"))
    assert (said.status, said.lines) == (0, [])
    assert len(values) == len(Settings.model_fields)
    assert values["DATABASE_URL"] == "postgresql://ingrid:********@127.0.0.1:1/media"
    assert values["BILDWERK_TRIES"] == "5"
    assert values["OLLAMA_HOST"] == "http://127.0.0.1:1=1"
    sources = dict(zip(values, (line for line in said.out.splitlines() if line.startswith("#")), strict=True))
    assert sources["BILDWERK_TRIES"].endswith("[set]")
    assert sources["BILDWERK_MODEL"].endswith("[default]")


async def test_what_config_prints_can_be_set(bildwerk: Bildwerk) -> None:
    said = await bildwerk("config", **NOWHERE)
    printed = dict(line.split("=", 1) for line in said.out.splitlines() if not line.startswith("#"))

    again = await bildwerk("config", **{**printed, "DATABASE_URL": NOWHERE["DATABASE_URL"]})

    assert again.status == 0
    assert dict(line.split("=", 1) for line in again.out.splitlines() if not line.startswith("#")) == printed


async def test_config_lists_the_settings_also_when_they_are_wrong(bildwerk: Bildwerk) -> None:
    said = await bildwerk("config", BILDWERK_TRIES="geheim")

    assert said.status == 1
    assert "BILDWERK_TRIES=..." in said.out
    assert NOT_SET in said.lines


async def test_contracts_are_json_schemas(bildwerk: Bildwerk, tmp_path: Path) -> None:
    printed = await bildwerk("contracts")
    written = await bildwerk("contracts", "schemas")
    document = await bildwerk("contracts", "--asyncapi")

    schemas = json.loads(printed.out)
    assert set(schemas) == {*map(str, Topic), *KEYS}
    assert len(written.out.splitlines()) == len(schemas) + 1
    assert json.loads((tmp_path / "schemas" / "asyncapi.json").read_text()) == json.loads(document.out)
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert ("media_id" in schema.get("required", ())) == (name in EVENTS)
        assert json.loads((tmp_path / "schemas" / f"{name}.schema.json").read_text()) == schema


async def test_a_demo_of_a_folder_that_is_not_there(bildwerk: Bildwerk) -> None:
    said = await bildwerk("demo", "--folder", "nowhere")

    assert (said.status, said.lines) == (1, ["bildwerk: nowhere is not a folder"])


async def test_up_says_where_else_the_database_may_be_kept(bildwerk: Bildwerk, pictures: Path) -> None:
    (pictures / ".bildwerk").write_text("in the way")

    said = await bildwerk("up", pictures, "--simulated")

    (line,) = said.lines
    assert said.status == 1
    assert line.endswith("name another folder with --data")


async def test_a_demo_of_no_pictures_says_so_before_it_starts_anything(bildwerk: Bildwerk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    said = await bildwerk("demo", "--folder", tmp_path / "empty")

    (line,) = said.lines
    assert said.status == 1
    assert "holds no pictures" in line


async def test_the_version_is_told(bildwerk: Bildwerk) -> None:
    assert (await bildwerk("--version")).out.startswith("bildwerk ")
