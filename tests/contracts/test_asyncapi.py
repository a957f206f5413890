"""The AsyncAPI document: valid by AsyncAPI's own schema, whole in itself, and true of what is sent and read."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

from contracts.asyncapi import describe_topics
from contracts.codec import Mode, encode
from contracts.dead_letters import DeadLetter, bound
from contracts.events import EVENTS
from contracts.topics import INTAKE_TOPICS, Topic
from tests.contracts.schemas import close

DOCUMENT = describe_topics()
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.v1*.json"))
PACKAGE, SHA512 = "@asyncapi/specs@6.10.0", (
    "vB5oKLsdrLUORIZ5BXortZTlVyGWWMC1Nud/0LtgxQ3Yn2738HigAD6EVqScvpPsDUI/bcLVsYEXN4dtXQHVng=="
)  # fmt: skip


@pytest.fixture(scope="module")
def specification(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return AsyncAPI's JSON Schema out of its npm package, which is fetched and forgotten again."""
    folder = tmp_path_factory.mktemp("npm")
    must = bool(os.environ.get("TEST_NPM"))
    if (npm := shutil.which("npm")) is None:
        if must:
            pytest.fail("TEST_NPM is set, and there is no npm")
        pytest.skip("there is no npm to fetch AsyncAPI's schema with")
    command = [npm, "pack", "--silent", "--fetch-retries=1", "--cache", str(folder / "cache"), PACKAGE]
    fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if fetched.returncode:
        if must:
            pytest.fail(f"npm could not fetch {PACKAGE}: {fetched.stderr[-500:]}")
        pytest.skip(f"npm could not fetch {PACKAGE}: there is no network, or no registry")
    (archive,) = folder.glob("*.tgz")
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == SHA512
    with tarfile.open(archive) as opened:
        member = opened.extractfile("package/schemas/3.0.0.json")
        assert member is not None
        return dict(json.load(member))


def problems(document: dict[str, Any], specification: dict[str, Any]) -> list[str]:
    return [error.json_path for error in Draft7Validator(specification).iter_errors(document)]


def test_the_document_is_valid_by_asyncapis_own_schema(specification: dict[str, Any]) -> None:
    assert problems(DOCUMENT, specification) == []
    for spoilt in (
        {**DOCUMENT, "asyncapi": "2.6.0"},
        {**DOCUMENT, "channel": {}},
        {**DOCUMENT, "operations": {"x": {"action": "publish", "channel": {"$ref": "#/channels/mediaCreated"}}}},
    ):
        assert problems(spoilt, specification), "a schema that takes this would take anything"


def find(reference: str) -> Any:
    """Return what a reference in the document points to; fails when it points nowhere."""
    place: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def references(place: Any) -> list[str]:
    if isinstance(place, dict):
        return [place["$ref"]] if "$ref" in place else [r for part in place.values() for r in references(part)]
    return [r for part in place for r in references(part)] if isinstance(place, list) else []


def test_every_reference_points_to_something_and_every_message_is_on_a_channel() -> None:
    used = set(references(DOCUMENT))
    for reference in used:
        assert find(reference)
    assert {f"#/components/messages/{name}" for name in DOCUMENT["components"]["messages"]} <= used


def test_every_topic_is_a_channel_that_is_read_or_written() -> None:
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == set(Topic)
    told = {(o["action"], find(o["channel"]["$ref"])["address"]) for o in DOCUMENT["operations"].values()}
    assert {address for action, address in told if action == "receive"} == set(INTAKE_TOPICS)
    assert {address for action, address in told if action == "send"} == set(Topic)


def require(schema: Any, value: Any) -> None:
    """Fail unless the value is as the schema says, and holds nothing that it does not name."""
    inlined = {**close(schema), "components": close(DOCUMENT["components"])}
    Draft7Validator(inlined).validate(value)


def message_of(topic: str, mode: Mode) -> dict[str, Any]:
    (channel,) = (c for c in DOCUMENT["channels"].values() if c["address"] == topic)
    plain, structured = (find(m["$ref"]) for m in channel["messages"].values())
    return dict(structured if mode is Mode.STRUCTURED else plain)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_messages_are_as_the_document_says(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    message = message_of(golden["topic"], Mode.BINARY)
    require({"title": "headers", **message["headers"]}, dict(golden["headers"]))
    require(message["payload"], json.loads(golden["value"]))
    require(message["headers"], {})
    broken = {name: text for name, text in golden["headers"] if name != "ce_id"}
    assert not Draft7Validator(message["headers"]).is_valid(broken)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_they_are_in_structured_mode_too(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    attributes = dict(golden["headers"])
    now, body = datetime.fromisoformat(attributes["ce_time"]), json.loads(golden["value"])
    headers, value = encode(
        UUID(attributes["ce_id"]), attributes["ce_source"], golden["topic"], now, body, Mode.STRUCTURED
    )
    message = message_of(golden["topic"], Mode.STRUCTURED)
    assert dict(headers)["content-type"].decode().startswith(message["contentType"])
    require({"title": "envelope", **message["payload"]}, json.loads(value))


@pytest.mark.parametrize("value", [None, b"", b"\xff"])
def test_a_dead_letter_is_as_the_document_says(value: bytes | None) -> None:
    origin = bound(("media.created", 3, 77, 1_700_000_000_000), b"7", value, [("a", b"\xff"), ("b", None)])
    body = DeadLetter(origin, "not_utf8", "invalid").to_json()
    require(message_of(Topic.DEAD_LETTER, Mode.BINARY)["payload"], body)
    assert not Draft7Validator(find("#/components/schemas/deadLetter")).is_valid({**body, "reason": None})


def test_payloads_are_the_models() -> None:
    for topic, model in EVENTS.items():
        assert find(message_of(topic, Mode.BINARY)["payload"]["$ref"]) == model.model_json_schema()
