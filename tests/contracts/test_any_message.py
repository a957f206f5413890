"""Whatever comes, in whatever wrapping: an event, an ignored one, or a reason; nothing else leaves the decoder."""

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import Decoded, Ignored, decode
from contracts.events import MediaUpdated
from contracts.json_objects import Undecodable
from contracts.topics import INTAKE_TOPICS, Topic

CLOUD = {"ce_specversion": b"1.0", "ce_id": b"a-1", "ce_source": b"/app", "ce_type": b"media.updated"}
CONTENT_TYPES = ["application/cloudevents+json", "application/cloudevents+json; charset=UTF-8",
                 "application/cloudevents-batch+json", "application/json", ";;=", "a;charset"]  # fmt: skip
NAMES = [
    "media_id", "mediaId", "schema_version", "force", "job_types", "jobTypes", "job_type", "outcome", "reason",
    "priority", "score_batch", "payload", "schema", "data", "data_base64", "datacontenttype", "id", "specversion",
    "source", "type",
]  # fmt: skip
WORDS = ["done", "a", "\ud800\x00", "1.0", "media.created", "stage.completed", "application/json", "text/xml", "e30=",
         '{"media_id": 7}', '"{}"', "[" * 40]  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=6),
    max_leaves=12,
)
bodies = st.fixed_dictionaries(
    {"media_id": st.integers(-1, 9) | json_values}, optional=dict.fromkeys(NAMES[1:], json_values)
)
jsons = (json_values | bodies).map(json.dumps)


def connect(text: str) -> st.SearchStrategy[str]:
    """Return a wrapping of Kafka Connect's around any JSON."""
    made = [text, {"payload": text}, {"schema": {}, "payload": json.loads(text)}]
    return st.sampled_from(made).map(json.dumps)


def cloud(text: str) -> st.SearchStrategy[str]:
    """Return a CloudEvent in structured mode around any JSON."""
    attributes = {"specversion": "1.0", "id": "a-1", "source": "/app", "type": "media.updated"}
    encoded = base64.b64encode(text.encode()).decode()
    data: list[dict[str, Any]] = [{"data": json.loads(text)}, {"data": text}, {"data_base64": encoded}]
    return st.sampled_from([{**attributes, **member} for member in data]).map(json.dumps)


values = st.none() | st.binary() | (jsons | jsons.flatmap(connect) | jsons.flatmap(cloud)).map(str.encode)
names = st.sampled_from([*CLOUD, "CE_SOURCE", "content-type", "id", "other"]) | st.text(max_size=5)
contents = st.none() | st.binary(max_size=12) | st.sampled_from(
    [*CLOUD.values(), b"stage.completed", *(text.encode() for text in CONTENT_TYPES)]
)  # fmt: skip
loose = st.lists(st.tuples(names, contents), max_size=7)
proper = st.sampled_from([[], list(CLOUD.items()), *([("content-type", text.encode())] for text in CONTENT_TYPES)])


@given(st.sampled_from(INTAKE_TOPICS), values, proper | loose)
def test_whatever_comes_is_an_event_or_a_reason(topic: Topic, value: bytes | None, headers: Any) -> None:
    decoded = decode_or_refuse(topic, value, headers)
    if isinstance(decoded, Undecodable):
        assert decoded.reason.isidentifier()
        text = decoded.detail
    else:
        assert isinstance(decoded, Decoded | Ignored)
        text = decoded.type if isinstance(decoded, Ignored) else decoded.event_id or ""
    assert "\x00" not in text
    text.encode()


@given(st.integers(1, 2**63 - 1), st.booleans(), st.data())
def test_an_event_is_the_same_in_every_wrapping(media_id: int, force: bool, data: st.DataObject) -> None:
    body, event = {"media_id": media_id, "force": force}, MediaUpdated(media_id=media_id, force=force)
    wrapped = data.draw(connect(json.dumps(body)))
    assert decode(Topic.MEDIA_UPDATED, wrapped.encode()) == Decoded(event)
    structured = data.draw(cloud(wrapped)).encode()
    headers = data.draw(st.sampled_from([[], [("content-type", CONTENT_TYPES[1].encode())]]))
    assert decode(Topic.MEDIA_CREATED, structured, headers) == Decoded(event, "a-1", "/app")


def decode_or_refuse(topic: Topic, value: bytes | None, headers: Any) -> Decoded | Ignored | Undecodable:
    try:
        return decode(topic, value, headers)
    except Undecodable as undecodable:
        return undecodable
