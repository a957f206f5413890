"""Events as other programs make and send them, through a real broker, and ours as they read them."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.structs import ConsumerRecord
from cloudevents.core.bindings import kafka as core
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import kafka as v1
from cloudevents.v1.http import CloudEvent as OlderCloudEvent
from confluent_kafka import Producer

from consumers.intake import Intake
from consumers.kafka import KafkaSettings
from consumers.relay import Relay
from contracts.codec import Mode
from contracts.topics import INTAKE_TOPICS, Topic
from db.pool import Pool
from handlers.runner.planning import Planner
from tests.consumers.conftest import Read, until
from tests.ledger import TEXTS, choose

CREATED, UPDATED, COMPLETED = INTAKE_TOPICS
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "events.md").read_text("utf-8")
ATTRIBUTES = {"type": UPDATED.value, "source": "/app", "datacontenttype": "application/json"}
JSON = JSONFormat()

Sent = tuple[bytes | str | None, Mapping[str, bytes] | list[tuple[str, bytes]]]


def cloud_events(media_id: int) -> Iterator[Sent]:
    """Yield what the package makes of one medium's event, with its data as an object, as text and as bytes."""
    for number, data in enumerate(list_data(media_id)):
        event = CloudEvent({**ATTRIBUTES, "id": f"{media_id}-{number}"}, data)
        for message in (core.to_binary(event, JSON), core.to_structured(event, JSON)):
            yield message.value, message.headers


def list_data(media_id: int) -> tuple[dict[str, Any] | str | bytes, ...]:
    body = {"media_id": media_id, "force": True}
    return body, json.dumps(body), json.dumps(body).encode()


def older_cloud_events(media_id: int) -> Iterator[Sent]:
    """Yield what version 1 of the package makes of the same."""
    *plain, raw = list_data(media_id)
    for number, data in enumerate(plain):
        event = OlderCloudEvent({**ATTRIBUTES, "id": f"{media_id}-{number}"}, data)
        for message in (v1.to_binary(event), v1.to_structured(event)):
            yield message.value, message.headers
    event = OlderCloudEvent({**ATTRIBUTES, "id": f"{media_id}-2"}, raw)
    message = v1.to_structured(event, data_marshaller=lambda data: data)
    yield message.value, message.headers


def bodies(media_id: int) -> Iterator[Sent]:
    """Yield bodies without any attributes, as text and as bytes."""
    text = json.dumps({"media_id": media_id, "force": True})
    yield text, []
    yield text.encode(), [("content-type", b"application/json")]


def outbox_events(media_id: int) -> Iterator[Sent]:
    """Yield one event of an outbox as Debezium's router and Connect's converters may write it."""
    body = {"media_id": media_id, "force": True}
    text, schema = json.dumps(body), {"type": "string", "optional": True}
    headers = [("id", f"4d47e190-0402-4048-bc2c-{media_id:012}".encode())]
    for value in (body, text, {"schema": schema, "payload": text}, {"schema": {"type": "struct"}, "payload": body}):
        yield json.dumps(value), headers
    yield json.dumps({"schema": {}, "payload": {"payload": text, "eventType": "x"}}), headers


@pytest.mark.parametrize(
    ("make", "forces"), [(cloud_events, 3), (older_cloud_events, 3), (bodies, 2), (outbox_events, 1)]
)
async def test_every_mode_and_shape_is_understood_and_a_force_honoured_once_per_id(
    make: Callable[[int], Iterator[Sent]], forces: int, pool: Pool, settings: KafkaSettings
) -> None:
    sent = list(make(7))
    await asyncio.to_thread(send, settings, UPDATED, sent)

    planned = await take_in(pool, settings, len(sent))

    assert planned == {7: forces}


def send(settings: KafkaSettings, topic: Topic, sent: Sequence[Sent], key: str = "7") -> None:
    """Send with confluent-kafka's producer."""
    with Producer({"bootstrap.servers": settings.servers[0]}) as producer:
        for value, headers in sent:
            producer.produce(settings.name(topic), value, key=key, headers=headers)  # type: ignore[arg-type]
        assert producer.flush(20) == 0


def example(language: str, first: str) -> str:
    """Return the example on the page that begins like this."""
    (found,) = (text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if text.startswith(first))
    return str(found)


@pytest.mark.parametrize(
    ("first", "topic", "planned"),
    [("import json\nfrom confluent_kafka", CREATED, {7: 0}), ("from cloudevents", UPDATED, {7: 1})],
)
async def test_the_examples_in_the_documentation_send_events(
    first: str, topic: Topic, planned: dict[int, int], pool: Pool, settings: KafkaSettings
) -> None:
    code = example("python", first).replace("kafka:9092", settings.servers[0])
    code = code.replace(f'produce("{topic}"', f'produce("{settings.name(topic)}"')

    await asyncio.to_thread(exec, code, {})

    assert await take_in(pool, settings, 1) == planned


async def test_the_outbox_in_the_documentation_holds_what_is_understood(
    empty_database: str, pool: Pool, settings: KafkaSettings
) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(example("sql", "CREATE TABLE outbox"))
        row = await connection.fetchrow("SELECT id::text, aggregatetype, aggregateid, payload::text FROM outbox")
    finally:
        await connection.close()
    assert row is not None
    assert "transforms.outbox.route.topic.replacement=${routedByValue}" in example("properties", "transforms=outbox")
    sent = [(value, {"id": row["id"].encode()}) for value in (row["payload"], json.dumps(row["payload"]))]
    await asyncio.to_thread(send, settings, Topic(row["aggregatetype"]), sent, row["aggregateid"])

    assert await take_in(pool, settings, 2) == {7: 1}


@pytest.mark.parametrize("mode", Mode)
async def test_what_we_send_is_read_by_the_package(mode: Mode, pool: Pool, settings: KafkaSettings, read: Read) -> None:
    payload = {"media_id": 7, "job_type": "ollama_title", "outcome": "done", "schema_version": 1}
    await pool.execute(
        "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload) VALUES ('7', $1, $1, $2)", COMPLETED, payload
    )
    stop = asyncio.Event()
    relay = Relay(pool, replace(settings, mode=mode))
    relaying = asyncio.create_task(relay.run(stop))
    (record,) = await read(COMPLETED, 1)
    stop.set()
    await relaying

    for event in (_read(record, mode), _read_as_before(record, mode)):
        assert event["type"] == COMPLETED
        assert event["source"].startswith("urn:bildwerk:")
        assert event["data"] == payload


def _read(record: ConsumerRecord, mode: Mode) -> dict[str, Any]:
    message = core.KafkaMessage(dict(record.headers), record.key, record.value)
    event = core.from_binary(message, JSON) if mode is Mode.BINARY else core.from_structured(message, JSON)
    return {**event.get_attributes(), "data": event.get_data()}


def _read_as_before(record: ConsumerRecord, mode: Mode) -> dict[str, Any]:
    message = v1.KafkaMessage(dict(record.headers), record.key, record.value)
    event = v1.from_binary(message) if mode is Mode.BINARY else v1.from_structured(message)
    return {**event.get_attributes(), "data": event.get_data()}


async def take_in(pool: Pool, settings: KafkaSettings, count: int) -> dict[int, int]:
    """Return how many forces were honoured of each medium that intake planned, once it has planned `count` events."""
    await pool.execute("INSERT INTO public.media (id, path) VALUES (7, '7.png')")
    stop = asyncio.Event()
    intake = CountingIntake(pool, Planner(choose(*TEXTS)), settings)
    running = asyncio.create_task(intake.run(stop))
    try:
        await until(lambda: _reached(intake, count))
    finally:
        stop.set()
        await running
    assert await pool.fetch("SELECT reason, detail FROM bildwerk.dead_letters") == []
    rows = await pool.fetch(
        "SELECT m.id, count(f.force_id) AS forces FROM bildwerk.media m"
        " LEFT JOIN bildwerk.forces f ON f.media_id = m.id GROUP BY m.id"
    )
    return {row["id"]: row["forces"] for row in rows}


async def _reached(intake: "CountingIntake", count: int) -> bool:
    return intake.taken >= count


class CountingIntake(Intake):
    """Counts the messages that are planned or buried."""

    taken = 0

    async def take(self, messages: Any) -> None:
        await super().take(messages)
        self.taken += len(messages)
