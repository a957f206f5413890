"""Bytes as a message of Kafka: topic, headers and value, through the decoder and what intake makes of it."""

import base64
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import orjson
from aiokafka import TopicPartition

from bildwerk.reasons import LETTERS
from consumers.reader import Message
from consumers.triage import Rules, triage
from contracts.codec import Decoded, Ignored, Mode, decode, encode
from contracts.events import EVENTS
from contracts.json_objects import Undecodable
from contracts.topics import INTAKE_TOPICS, Topic
from tests.acceptance.bad_events import CASES, Sent
from tests.fuzz.target import Target, require_storable
from tests.fuzz.trees import change_json

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden"
NO_VALUE, NO_CONTENT = 0x80, 0xFFFF
ID, TIME = UUID(int=7), datetime(2026, 1, 2, tzinfo=UTC)
RULES = Rules(frozenset(["ollama_caption", "ollama_title"]), frozenset(["ollama_title"]), max_bytes=4096)
WORDS = (
    *("media_id", "mediaId", "schema_version", "schemaVersion", "payload", "schema", "data", "data_base64", "force"),
    *("datacontenttype", "specversion", "source", "type", "id", "job_types", "jobTypes", "job_type", "outcome"),
    *("priority", "score_batch", "cascade", "reason", "media.created", "media.updated", "stage.completed", "done"),
    *("ce_specversion", "ce_id", "ce_source", "ce_type", "content-type", "application/cloudevents+json", "1.0"),
    *("application/cloudevents-batch+json", "application/json; charset=utf-8", "NaN", "1e999", "\\ud800", "e30="),
    *('{"media_id":7}', '{"payload":', '{"specversion":"1.0"', "9223372036854775808", "null", "true", "\\u0000"),
)


def pack(sent: Sent) -> bytes:
    """The bytes that stand for a message: the topic's number, the headers with their lengths, the value."""
    parts = [bytes((INTAKE_TOPICS.index(sent.topic) | (NO_VALUE if sent.value is None else 0), len(sent.headers)))]
    for name, content in sent.headers:
        size = NO_CONTENT if content is None else len(content)
        parts += [struct.pack(">BH", len(name.encode()[:255]), size), name.encode()[:255], content or b""]
    return b"".join([*parts, sent.value or b""])


def unpack(data: bytes) -> Sent:
    """The message that any bytes stand for."""
    first, count, rest = (*data[:2], *bytes(2))[0], (*data[:2], *bytes(2))[1] % 8, data[2:]
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        if len(rest) < 3:
            break
        length, size = struct.unpack_from(">BH", rest)
        name, rest = rest[3 : 3 + length].decode("utf-8", "replace"), rest[3 + length :]
        content = None if size == NO_CONTENT else rest[:size]
        headers.append((name, content))
        rest = rest[len(content or b"") :]
    topic = INTAKE_TOPICS[(first & ~NO_VALUE) % len(INTAKE_TOPICS)]
    return Sent(None if first & NO_VALUE else rest, topic, tuple(headers))


def look(data: bytes) -> None:
    """Whatever comes is an event that can be written again, an ignored one, or a reason that is documented."""
    sent = unpack(data)
    decoded = decode_or_refuse(sent)
    match decoded:
        case Undecodable():
            assert decoded.reason in LETTERS, decoded.reason
            require_storable(decoded.detail)
        case Ignored():
            require_storable(decoded.type)
        case Decoded():
            require_storable(decoded.event_id or "", decoded.source or "")
            require_repeatable(decoded)
    place = TopicPartition(sent.topic, 0)
    message = Message(sent.topic, place, 1, 2, b"7", sent.value, sent.headers)
    todo = triage([message], "urn:bildwerk:us", RULES)
    assert todo.dead == [isinstance(decoded, Undecodable)]
    orjson.dumps([letter.to_json() for letter in todo.letters])
    orjson.dumps([request.source for request in todo.requests])


def decode_or_refuse(sent: Sent) -> Decoded | Ignored | Undecodable:
    try:
        return decode(sent.topic, sent.value, sent.headers, RULES.max_bytes)
    except Undecodable as undecodable:
        return undecodable


def require_repeatable(decoded: Decoded) -> None:
    """Fail unless the event is the same after it was written and read."""
    event = decoded.event
    topic = next(topic for topic, kind in EVENTS.items() if isinstance(event, kind))
    body = event.model_dump(mode="json", exclude_none=True)
    for mode in Mode:
        headers, value = encode(ID, "urn:bildwerk:x", topic, TIME, body, mode)
        assert decode(Topic.MEDIA_CREATED, value, headers) == Decoded(event, str(ID), "urn:bildwerk:x")


def make_seeds() -> Iterator[bytes]:
    """Golden messages in every wrapping, and every bad one."""
    for path in sorted(GOLDEN.glob("*.json")):
        golden = json.loads(path.read_text("utf-8"))
        topic, value = Topic(golden["topic"]), golden["value"]
        headers = tuple((name, text.encode()) for name, text in golden["headers"])
        yield pack(Sent(value.encode(), topic, headers))
        yield from map(pack, wrap(topic, value))
    for case in CASES:
        for sent in case.send(7):
            if len(sent.value or b"") <= RULES.max_bytes:
                yield pack(sent)


def wrap(topic: Topic, value: str) -> Sequence[Sent]:
    """One body in every wrapping."""
    body = json.loads(value)
    cloud = {"specversion": "1.0", "id": "a-1", "source": "/app", "type": topic.value}
    structured = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    outbox = (("id", b"4d47e190-0402-4048-bc2c-89dd54343cdc"),)
    wrapped = [
        (body, ()), (value, outbox), ({"schema": {}, "payload": value}, outbox), ({"payload": body}, ()),
        ({**cloud, "data": body}, structured), ({**cloud, "data": value}, ()),
        ({**cloud, "data_base64": base64.b64encode(orjson.dumps(body)).decode()}, structured),
    ]  # fmt: skip
    return [Sent(orjson.dumps(document), topic, headers) for document, headers in wrapped]


def change(data: bytes, dice: Random) -> bytes | None:
    """The message with other headers, or another tree in its value."""
    sent = unpack(data)
    if dice.random() < 0.2:
        header = (dice.choice(WORDS), dice.choice(WORDS).encode())
        headers = [header, *sent.headers] if dice.random() < 0.5 else list(sent.headers)
        dice.shuffle(headers)
        return pack(replace(sent, headers=tuple(headers[: dice.randrange(8)])))
    value = change_json((sent.value or b"").decode("utf-8", "replace"), WORDS, dice)
    return None if value is None else pack(replace(sent, value=value.encode("utf-8", "replace")))


TARGET = Target(look, make_seeds, WORDS, change)
