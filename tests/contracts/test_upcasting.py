"""Older events are made current step by step, newer ones are never guessed at."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.codec import decode
from contracts.events import EVENTS, MediaUpdated
from contracts.json_objects import Undecodable
from contracts.topics import INTAKE_TOPICS, Topic
from contracts.upcasting import CURRENT, OLDEST, UPCASTERS, upcast

GOLDEN = Path(__file__).parent / "golden"
CREATED, UPDATED, COMPLETED = INTAKE_TOPICS


def test_every_version_has_a_golden_file_and_every_older_one_an_upcaster() -> None:
    golden = {re.match(r"(.+)\.v(\d+)", path.stem).groups() for path in GOLDEN.iterdir()}  # type: ignore[union-attr]
    assert golden == {(topic.value, str(v)) for topic in EVENTS for v in range(OLDEST, CURRENT[topic] + 1)}
    assert UPCASTERS.keys() == {(topic, v) for topic in EVENTS for v in range(OLDEST, CURRENT[topic])}


def test_a_golden_file_holds_what_its_name_says() -> None:
    for path in GOLDEN.iterdir():
        golden = json.loads(path.read_text("utf-8"))
        assert path.stem.startswith(f"{golden['topic']}.v{golden['version']}")
        assert json.loads(golden["value"]).get("schema_version", golden["version"]) == golden["version"]


@pytest.mark.parametrize("topic", EVENTS)
def test_the_models_describe_the_current_version(topic: Topic) -> None:
    assert EVENTS[topic].model_json_schema()["properties"]["schema_version"]["const"] == CURRENT[topic]


def test_a_body_without_a_version_is_of_the_first() -> None:
    assert upcast(UPDATED, {"media_id": 7}) == {"media_id": 7, "schema_version": 1}
    both = {"media_id": 7, "mediaId": 8, "jobTypes": ["a"]}
    assert upcast(UPDATED, both) == {**both, "schema_version": 1}, "mediaId is a field that we do not know"


@pytest.mark.parametrize("topic", EVENTS)
def test_a_newer_version_is_a_dead_letter_whatever_it_looks_like(topic: Topic) -> None:
    with pytest.raises(Undecodable) as caught:
        decode(topic, json.dumps({"media_id": 7, "schema_version": CURRENT[topic] + 1}).encode())
    assert caught.value.reason == "unknown_version"


@pytest.mark.parametrize("version", [2, "2", None, [0]])
def test_a_newer_version_in_camel_case_is_not_guessed_at(version: Any) -> None:
    with pytest.raises(Undecodable) as caught:
        upcast(UPDATED, {"mediaId": 7, "schemaVersion": version, "force": True})
    assert caught.value.reason == "unknown_version"


@pytest.mark.parametrize("version", [0, 1])
def test_a_known_version_in_camel_case_is_read(version: int) -> None:
    assert upcast(UPDATED, {"mediaId": 7, "schemaVersion": version})["media_id"] == 7


@pytest.mark.parametrize("version", ["1", 1.0, True, None, -1, [1]])
def test_what_is_no_version_is_refused(version: Any) -> None:
    with pytest.raises(Undecodable) as caught:
        upcast(CREATED, {"media_id": 7, "schema_version": version})
    assert caught.value.reason == "bad_field"


def test_fields_in_camel_case_are_checked_like_any_other() -> None:
    event = decode(UPDATED, b'{"mediaId": 7, "jobTypes": ["a"], "scoreBatch": "b", "force": true}')
    assert getattr(event, "event", None) == MediaUpdated(media_id=7, force=True, job_types=("a",), score_batch="b")
    with pytest.raises(Undecodable) as caught:
        decode(UPDATED, b'{"mediaId": "7"}')
    assert caught.value.reason == "bad_media_id"


def test_a_field_in_both_spellings_keeps_the_contracts() -> None:
    for body in ({"jobTypes": ["b"], "job_types": ["a"]}, {"job_types": ["a"], "jobTypes": ["b"]}):
        assert upcast(UPDATED, {"mediaId": 7, **body})["job_types"] == ["a"]
