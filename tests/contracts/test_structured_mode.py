"""CloudEvents in structured mode, by the Kafka binding and the JSON format of CloudEvents 1.0."""

import base64
import json
from typing import Any

import pytest

from contracts.codec import Decoded, Ignored, decode
from contracts.events import MediaCreated
from contracts.json_objects import Undecodable
from contracts.topics import Topic

ENVELOPE = {"specversion": "1.0", "id": "a-1", "source": "/app", "type": "media.created"}
EVENT = Decoded(MediaCreated(media_id=7), "a-1", "/app")


def read(content_type: str = "application/cloudevents+json", **members: Any) -> Any:
    value = json.dumps({**ENVELOPE, **members}).encode()
    return decode(Topic.MEDIA_UPDATED, value, [("Content-Type", content_type.encode())])


def reason(content_type: str = "application/cloudevents+json", **members: Any) -> str:
    with pytest.raises(Undecodable) as caught:
        read(content_type, **members)
    return caught.value.reason


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=UTF-8",
        'Application/CloudEvents+JSON ;x=1; Charset="utf-8"',
        "application/json",
        "",
    ],
)
def test_the_content_type_may_have_a_charset_and_any_case_and_may_be_missing(content_type: str) -> None:
    assert read(content_type, data={"media_id": 7}) == EVENT


@pytest.mark.parametrize(
    "members",
    [
        {"data": {"media_id": 7}, "datacontenttype": "application/json; charset=utf-8"},
        {"data": {"media_id": 7}, "datacontenttype": "application/vnd.media+json", "datacontentencoding": "x"},
        {"data": {"media_id": 7}, "datacontenttype": None, "data_base64": None, "subject": None},
        {"data": '{"media_id": 7}'},
        {"data_base64": base64.b64encode(b'{"media_id": 7}').decode()},
        {"data_base64": base64.b64encode(b'{"media_id": 7}').decode(), "data": None},
    ],
)
def test_data_is_an_object_or_holds_one_as_text_or_base64(members: dict[str, Any]) -> None:
    assert read(**members) == EVENT


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "not_an_object"),
        ({"data": 1}, "not_an_object"),
        ({"data": "7"}, "not_an_object"),
        ({"data": "seven"}, "not_json"),
        ({"data": "\ud800"}, "not_utf8"),
        ({"data": "<a/>", "datacontenttype": "application/xml"}, "unknown_content_type"),
        ({"data": {"media_id": 7}, "datacontenttype": 7}, "bad_attribute"),
        ({"data_base64": "?"}, "bad_base64"),
        ({"data_base64": "äöü="}, "bad_base64"),
        ({"data_base64": 7}, "bad_base64"),
        ({"data_base64": "e30=", "data": {"media_id": 7}}, "bad_base64"),
        ({"data_base64": base64.b64encode(b"[" * 99).decode()}, "too_deep"),
        ({"data_base64": base64.b64encode(b"\xff").decode()}, "not_utf8"),
        ({"data": {"media_id": 7}, "id": "\ud800"}, "bad_attribute"),
        ({"data": {"media_id": 7}, "id": 7}, "bad_attribute"),
        ({"data": {"media_id": 7}, "source": None}, "missing_attribute"),
        ({"data": {"media_id": 7}, "specversion": "0.3"}, "unknown_specversion"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(members: dict[str, Any], expected: str) -> None:
    assert reason(**members) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/cloudevents-batch+json", "batch_mode"),
        ("application/cloudevents-batch+json; charset=utf-8", "batch_mode"),
        ("application/cloudevents+avro", "unknown_content_type"),
        ("application/cloudevents", "unknown_content_type"),
        ("application/cloudevents+json; charset=utf-16", "unknown_content_type"),
    ],
)
def test_batches_and_other_formats_are_refused_by_name(content_type: str, expected: str) -> None:
    assert reason(content_type, data={"media_id": 7}) == expected


def test_a_body_that_names_its_medium_is_no_envelope_without_the_content_type() -> None:
    body = {**ENVELOPE, "data": {"media_id": 8}, "media_id": 7}
    assert decode(Topic.MEDIA_CREATED, json.dumps(body).encode()) == Decoded(MediaCreated(media_id=7))


def test_a_type_that_is_none_of_ours_is_ignored_whatever_it_holds() -> None:
    assert read(type="media.viewed", data_base64="?") == Ignored("media.viewed")
