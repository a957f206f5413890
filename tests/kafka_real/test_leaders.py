"""Three brokers, each topic on all of them: leaders die while the relay publishes."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from bildwerk.sandbox.apache_kafka import Cluster, start_cluster
from consumers.kafka import KafkaSettings, create_topics
from consumers.relay import Relay
from contracts.topics import Topic
from db.pool import Database, Pool, open_pool
from tests.brokers import on_request
from tests.kafka_real.broker import fetch_kafka

pytestmark = on_request

KILLS = 20
MEDIA = 200
PARTITIONS = 6
STAGE = Topic.STAGE_COMPLETED
MISSED_AFTER = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""A third of what Kafka comes with: a dead leader is replaced sooner, and more of them die in a minute."""
INSERT = (
    "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload)"
    " SELECT m.id::text, $2, $2, jsonb_build_object('media_id', m.id, 'job_type', 'ollama_title', 'outcome', 'done')"
    " FROM unnest($1::bigint[]) WITH ORDINALITY AS m (id, n) ORDER BY n RETURNING id, event_id, aggregateid"
)


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Return three brokers: a topic has three copies, and a message is acknowledged when two of them have it."""
    running = await start_cluster(await fetch_kafka(), tmp_path, 3, properties=MISSED_AFTER)
    yield running
    await running.stop()


@pytest_asyncio.fixture
async def settings(cluster: Cluster) -> KafkaSettings:
    """Return settings as they are in production, and the topics they name."""
    made = KafkaSettings(tuple(node.address for node in cluster.nodes))
    await create_topics(made, PARTITIONS, replication=3)
    return made


async def test_no_acknowledged_event_is_lost_when_leaders_die(
    cluster: Cluster, settings: KafkaSettings, database: str, figure: Callable[[str], None]
) -> None:
    assert await read_safety(cluster.nodes[0].address) == (3, "2")
    begun = monotonic()
    dying, stop = asyncio.Event(), asyncio.Event()
    async with open_pool(Database(database, pool_size=4)) as pool:
        relaying = asyncio.create_task(Relay(pool, settings).run(stop))
        writing = asyncio.create_task(write_events(pool, dying))
        for number in range(KILLS):
            await kill_the_leader(cluster, number % PARTITIONS)
        dying.set()
        written = await writing
        async with asyncio.timeout(120):
            while await pool.fetchval("SELECT count(*) FROM bildwerk.outbox"):
                await asyncio.sleep(0.1)
        stop.set()
        await relaying

    records = await read_all(settings)
    first = find_first(records)
    lost = {event_id for event_id, _, _ in written} - set(first)
    figure(
        f"{KILLS} leaders killed, {len(written)} events acknowledged, {len(lost)} lost, "
        f"{len(records) - len(first)} sent twice, {monotonic() - begun:.0f} s"
    )
    assert lost == set()
    assert len(first) == len(written)
    assert order_by_medium(first) == order_of_writing(written)
    for record in records:
        assert (record.key, record.value) == (first[name(record)].key, first[name(record)].value)


async def write_events(pool: Pool, dying: asyncio.Event) -> list[tuple[str, str, int]]:
    """Put events of many media into the outbox until nobody dies any more: id, medium, place."""
    dice, written = random.Random(8), []
    while not dying.is_set():
        rows = await pool.fetch(INSERT, [dice.randrange(MEDIA) for _ in range(10)], STAGE)
        written += [(str(row["event_id"]), row["aggregateid"], row["id"]) for row in rows]
        await asyncio.sleep(0.1)
    return written


async def kill_the_leader(cluster: Cluster, partition: int) -> None:
    """Kill the broker that leads a partition, start it again, and wait until it is in sync everywhere."""
    leader = (await settled(cluster))[partition]["leader"]
    (node,) = (node for node in cluster.nodes if node.id == leader)
    await node.kill()
    await node.start()
    await settled(cluster)


async def settled(cluster: Cluster, seconds: float = 120.0) -> list[dict[str, Any]]:
    """Wait until every broker says that all copies are in sync; returns the partitions in order."""
    async with asyncio.timeout(seconds):
        while True:
            views = [await describe(node.address) for node in cluster.nodes]
            if all(view and all(len(p["isr"]) == 3 and p["leader"] > 0 for p in view) for view in views):
                return views[0]
            await asyncio.sleep(0.1)


async def describe(address: str) -> list[dict[str, Any]]:
    """What one broker says of the partitions; nothing when it says nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000)
    try:
        await admin.start()
        (topic,) = await admin.describe_topics([STAGE])
    except (KafkaError, OSError):
        return []
    finally:
        await admin.close()
    return sorted(topic["partitions"], key=lambda partition: int(partition["partition"]))


async def read_safety(address: str) -> tuple[int, str]:
    """How many copies there are of a partition, and how many must have a message before it is acknowledged."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([STAGE])
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, STAGE)])
    finally:
        await admin.close()
    settings = {entry[0]: entry[1] for *_, entries in answer.resources for entry in entries}
    return len(topic["partitions"][0]["replicas"]), settings["min.insync.replicas"]


async def read_all(settings: KafkaSettings) -> list[ConsumerRecord]:
    """All messages, in order within their partitions."""
    places = [TopicPartition(STAGE, number) for number in range(PARTITIONS)]
    records: list[ConsumerRecord] = []
    async with AIOKafkaConsumer(bootstrap_servers=list(settings.servers), auto_offset_reset="earliest") as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        async with asyncio.timeout(120):
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
    return records


def name(record: ConsumerRecord) -> str:
    return bytes(dict(record.headers)["ce_id"]).decode()


def find_first(records: Sequence[ConsumerRecord]) -> dict[str, ConsumerRecord]:
    """The first message of each event, in the order of the topic."""
    first: dict[str, ConsumerRecord] = {}
    for record in records:
        first.setdefault(name(record), record)
    return first


def order_by_medium(first: dict[str, ConsumerRecord]) -> dict[str, list[str]]:
    order: dict[str, list[str]] = defaultdict(list)
    for event_id, record in first.items():
        order[str(json.loads(record.value)["media_id"])].append(event_id)
    return order


def order_of_writing(written: Sequence[tuple[str, str, int]]) -> dict[str, list[str]]:
    order: dict[str, list[str]] = defaultdict(list)
    for event_id, medium, _ in sorted(written, key=lambda row: row[2]):
        order[medium].append(event_id)
    return order
