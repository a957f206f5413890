"""What Debezium's outbox event router and Kafka Connect's converters make of an event."""

import json
from typing import Any

import pytest

from contracts.codec import Decoded, decode
from contracts.events import MediaUpdated
from contracts.json_objects import Undecodable
from contracts.topics import Topic

UPDATED = Topic.MEDIA_UPDATED
ID = "4d47e190-0402-4048-bc2c-89dd54343cdc"
BODY = {"media_id": 7, "force": True}
TEXT = json.dumps(BODY)
STRING = {"type": "string", "optional": True, "name": "io.debezium.data.Json"}
SHAPES = {
    "StringConverter": BODY,
    "JsonConverter without schemas": TEXT,
    "JsonConverter with schemas": {"schema": STRING, "payload": TEXT},
    "expanded, without schemas": BODY,
    "expanded, with schemas": {"schema": {"type": "struct", "fields": []}, "payload": BODY},
    "additional fields": {"payload": TEXT, "eventType": "MediaUpdated"},
    "additional fields, expanded, with schemas": {"schema": {}, "payload": {"payload": BODY, "eventType": "x"}},
    "additional fields, with schemas": {"schema": {}, "payload": {"payload": TEXT, "eventType": "MediaUpdated"}},
    "camel case": {"schema": STRING, "payload": '{"mediaId": 7, "force": true}'},
}  # fmt: skip


def read(value: Any, *headers: tuple[str, bytes]) -> Any:
    return decode(UPDATED, json.dumps(value).encode(), headers)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_and_its_id_is_the_events(shape: str) -> None:
    assert read(SHAPES[shape], ("id", ID.encode())) == Decoded(
        MediaUpdated(media_id=7, force=True), ID, "outbox:media.updated"
    )


@pytest.mark.parametrize("given", [ID, ID.upper(), f'"{ID}"', ID.replace("-", ""), "596e275826f08b2730779e1f"])
def test_an_id_is_a_uuid_or_an_object_id(given: str) -> None:
    assert read(BODY, ("ID", given.encode())).event_id == given.strip('"').lower()


def test_an_id_may_stand_beside_its_schema() -> None:
    assert read(BODY, ("id", json.dumps({"schema": {"type": "string"}, "payload": ID}).encode())).event_id == ID


@pytest.mark.parametrize("given", [b"7", b"", b"\xff", b"media-7", b"1" * 36, b"{", b'{"payload": 7}'])
def test_another_header_of_that_name_is_no_id_of_an_event(given: bytes) -> None:
    assert read(BODY, ("id", given)) == Decoded(MediaUpdated(media_id=7, force=True))


def test_the_id_of_a_cloud_event_is_its_own() -> None:
    cloud = [("ce_specversion", b"1.0"), ("ce_id", b"a-1"), ("ce_source", b"/app"), ("ce_type", b"media.updated")]
    assert read(SHAPES["JsonConverter with schemas"], *cloud, ("id", ID.encode())).event_id == "a-1"


def test_a_body_that_names_its_medium_is_wrapped_in_nothing() -> None:
    assert read({"media_id": 7, "payload": {"media_id": 8}}).event.media_id == 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"schema": None, "payload": None}, "tombstone"),
        ({"payload": 7}, "not_an_object"),
        ({"payload": ""}, "empty_value"),
        ({"payload": "seven"}, "not_json"),
        ({"payload": {"id": 7}}, "missing_media_id"),
        ({"payload": '{"media_id": 7, "media_id": 8}'}, "duplicate_keys"),
        ({"payload": "[" * 99}, "too_deep"),
        ({"before": None, "after": {"id": ID, "payload": TEXT}}, "missing_media_id"),
        ({"payload": {"payload": {"payload": {"payload": {"payload": BODY}}}}}, "missing_media_id"),
    ],
)
def test_what_holds_no_event_is_refused_with_a_reason(value: Any, expected: str) -> None:
    with pytest.raises(Undecodable) as caught:
        read(value)
    assert caught.value.reason == expected
