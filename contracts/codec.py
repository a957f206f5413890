"""Kafka messages into events and back: CloudEvents 1.0 in binary or structured mode, and plain JSON bodies."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import JsonValue, ValidationError

from contracts.events import EVENTS, Event
from contracts.json_objects import MAX_BYTES, Undecodable, read_object
from contracts.topics import Topic

Headers = Iterable[tuple[str, bytes | None]]

STRUCTURED = "application/cloudevents+json"
_ATTRIBUTE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,512}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event, and the CloudEvents id and source it came with (None: a plain JSON body)."""

    event: Event
    event_id: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A well-formed CloudEvent of a type that is none of ours."""

    type: str


def decode(topic: Topic, value: bytes | None, headers: Headers = (), max_bytes: int = MAX_BYTES) -> Decoded | Ignored:
    """What the message says. A body without CloudEvents attributes is the topic's own event.

    Header names match in any case and order; of a repeated one the last counts.

    Raises Undecodable with the reasons of `read_object` and: unknown_content_type, bad_header, unknown_specversion,
    missing_attribute, bad_attribute, missing_media_id, bad_media_id, missing_field, bad_field.
    """
    named = {name.lower(): given for name, given in headers if given is not None}
    content_type = _text("content-type", named.get("content-type", b"")).split(";")[0].strip().lower()
    if content_type == STRUCTURED:
        envelope = read_object(value, max_bytes)
        body = envelope.get("data")
        if not isinstance(body, dict):
            raise Undecodable("not_an_object", "data")
        return _cloud_event(envelope, body)
    if content_type.startswith("application/cloudevents"):
        raise Undecodable("unknown_content_type", content_type)
    body = read_object(value, max_bytes)
    if "ce_specversion" not in named:
        return Decoded(_event(topic, body))
    attributes = {name[3:]: _text(name, given) for name, given in named.items() if name.startswith("ce_")}
    return _cloud_event(attributes, body)


def encode(
    event_id: UUID, source: str, kind: str, time: datetime, body: JsonValue
) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a CloudEvent of type `kind` in binary mode; equal arguments give equal bytes.

    `time` has a time zone.
    """
    attributes = {"specversion": "1.0", "id": str(event_id), "source": source, "type": kind, "time": time.isoformat()}
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return [*headers, ("content-type", b"application/json")], orjson.dumps(body)


def _cloud_event(attributes: Mapping[str, Any], body: dict[str, Any]) -> Decoded | Ignored:
    if (version := _attribute(attributes, "specversion")) != "1.0":
        raise Undecodable("unknown_specversion", version)
    event_id, source = _attribute(attributes, "id"), _attribute(attributes, "source")
    kind = _attribute(attributes, "type")
    if kind not in EVENTS:
        return Ignored(kind)
    return Decoded(_event(Topic(kind), body), event_id, source)


def _attribute(attributes: Mapping[str, Any], name: str) -> str:
    if (text := attributes.get(name, "")) == "":
        raise Undecodable("missing_attribute", name)
    if not isinstance(text, str) or not _ATTRIBUTE.fullmatch(text):
        raise Undecodable("bad_attribute", name)
    return text


def _text(name: str, given: bytes) -> str:
    try:
        return given.decode()
    except UnicodeDecodeError:
        raise Undecodable("bad_header", name) from None


def _event(topic: Topic, body: dict[str, Any]) -> Event:
    try:
        return EVENTS[topic].model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        missing = first["type"] == "missing"
        field = "media_id" if place == "media_id" else "field"
        raise Undecodable(f"{'missing' if missing else 'bad'}_{field}", f"{place}: {first['msg']}") from None
