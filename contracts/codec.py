"""Kafka messages into events and back: CloudEvents 1.0 in binary or structured mode, and plain JSON bodies."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from pydantic import JsonValue, ValidationError

from contracts.content_types import STRUCTURED, is_json, split_content_type
from contracts.events import EVENTS, Event
from contracts.json_objects import MAX_BYTES, Undecodable, read_json, read_object
from contracts.topics import Topic
from contracts.upcasting import names_medium, upcast
from contracts.wrappers import find_event_id, unwrap

Headers = Iterable[tuple[str, bytes | None]]

_ATTRIBUTE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,512}")


class Mode(StrEnum):
    """Where a CloudEvent's attributes stand: in headers, or around the body."""

    BINARY = "binary"
    STRUCTURED = "structured"


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event, and the CloudEvents id and source it came with.

    Of a body from an outbox, the id in its header and the topic; None: a plain JSON body.
    """

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

    Raises Undecodable with the reasons of `read_object`, `unwrap`, `upcast` and: unknown_content_type, batch_mode,
    bad_header, bad_base64, unknown_specversion, missing_attribute, bad_attribute, missing_media_id, bad_media_id,
    missing_field, bad_field.
    """
    named = {name.lower(): given for name, given in headers if given is not None}
    media_type, charset = split_content_type(_text("content-type", named.get("content-type", b"")))
    if media_type.startswith("application/cloudevents"):
        if media_type == "application/cloudevents-batch+json":
            raise Undecodable("batch_mode", media_type)
        if media_type != STRUCTURED or charset not in ("", "utf-8", "us-ascii"):
            raise Undecodable("unknown_content_type", f"{media_type} {charset}")
        return _structured(read_object(value, max_bytes), max_bytes)
    if "ce_specversion" in named:
        attributes = {name[3:]: _text(name, given) for name, given in named.items() if name.startswith("ce_")}
        return _cloud_event(attributes) or _tell(attributes, read_json(value, max_bytes), max_bytes)
    body = unwrap(read_json(value, max_bytes), max_bytes)
    if _is_envelope(body):
        return _structured(body, max_bytes)
    event_id = find_event_id(named)
    return Decoded(_event(topic, body), event_id, event_id and f"outbox:{topic}")


def encode(
    event_id: UUID, source: str, kind: str, time: datetime, body: JsonValue, mode: Mode = Mode.BINARY
) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a CloudEvent of type `kind`; equal arguments give equal bytes. `time` has a time zone."""
    attributes = {"specversion": "1.0", "id": str(event_id), "source": source, "type": kind, "time": time.isoformat()}
    if mode is Mode.STRUCTURED:
        envelope = {**attributes, "datacontenttype": "application/json", "data": body}
        return [("content-type", f"{STRUCTURED}; charset=UTF-8".encode())], orjson.dumps(envelope)
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return [*headers, ("content-type", b"application/json")], orjson.dumps(body)


def _is_envelope(body: Mapping[str, Any]) -> bool:
    """Whether this is structured mode without its content type, as version 1 of the package `cloudevents` sends it."""
    return "specversion" in body and ("data" in body or "data_base64" in body) and not names_medium(body)


def _structured(envelope: Mapping[str, Any], max_bytes: int) -> Decoded | Ignored:
    return _cloud_event(envelope) or _tell(envelope, _data(envelope, max_bytes), max_bytes)


def _cloud_event(attributes: Mapping[str, Any]) -> Ignored | None:
    """Check the attributes: those of an event that is none of ours, whatever it holds, or None."""
    if (version := _attribute(attributes, "specversion")) != "1.0":
        raise Undecodable("unknown_specversion", version)
    for name in ("id", "source"):
        _attribute(attributes, name)
    kind = _attribute(attributes, "type")
    return None if kind in EVENTS else Ignored(kind)


def _tell(attributes: Mapping[str, Any], data: Any, max_bytes: int) -> Decoded:
    event = _event(Topic(attributes["type"]), unwrap(data, max_bytes))
    return Decoded(event, attributes["id"], attributes["source"])


def _data(envelope: Mapping[str, Any], max_bytes: int) -> Any:
    """The JSON that a structured event holds, as it is, as text or as Base64."""
    media_type = "application/json"
    if envelope.get("datacontenttype") is not None:
        media_type, _ = split_content_type(_attribute(envelope, "datacontenttype"))
    if not is_json(media_type):
        raise Undecodable("unknown_content_type", f"datacontenttype {media_type}")
    if (encoded := envelope.get("data_base64")) is None:
        return envelope.get("data")
    if envelope.get("data") is not None or not isinstance(encoded, str):
        raise Undecodable("bad_base64", "data_base64 beside data, or no text")
    try:
        return read_json(base64.b64decode(encoded, validate=True), max_bytes)
    except ValueError as error:
        raise Undecodable("bad_base64", str(error)) from None


def _attribute(attributes: Mapping[str, Any], name: str) -> str:
    if (text := attributes.get(name)) in (None, ""):
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
        return EVENTS[topic].model_validate(upcast(topic, body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        missing = first["type"] == "missing"
        field = "media_id" if place == "media_id" else "field"
        raise Undecodable(f"{'missing' if missing else 'bad'}_{field}", f"{place}: {first['msg']}") from None
