"""E1 to E28: whatever comes on a topic has one clear fate, and the events around it are done."""

import asyncio
import base64
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.record._crecords import default_records as records

from consumers.unfolding import MOST_BYTES
from contracts.topics import INTAKE_TOPICS, Topic
from tests.acceptance.bad_events import CASES, Case, Fate
from tests.acceptance.commands import run
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.wire import body, header
from tests.acceptance.world import CAPTION, TITLE, World
from tests.brokers import Broker
from tests.damaging_network import DAMAGED, damaging_network

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = 65_536
NOBODY = 800_000
"""A medium that is not there, in events that nobody may act on."""
SECONDS = 120.0
ROOM_KB = 700_000
"""What the service may come to with one batch of the most that is unfolded in hand: that, its copies, and itself."""
ROOM = {"max.message.bytes": str(4 << 20), "message.timestamp.after.max.ms": str(2**63 - 1)}
LIMITS = {"intake_batch": 40, "missing_tries": 6, "missing_delay_seconds": 0.2, "dead_letter_limit": 0}
dead = [case for case in CASES if case.fate is Fate.DEAD]


@dataclass
class Sending:
    """A world that was sent all cases; `media` and `places` of each case, and the good media around them.

    `folded` are the offsets of compressed batches that cannot be unfolded, by the reason they must get.
    """

    world: World
    good: list[int] = field(default_factory=list)
    media: dict[str, int] = field(default_factory=dict)
    places: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    folded: dict[str, list[int]] = field(default_factory=dict)

    async def letter(self, case: Case) -> Any:
        """The one dead letter of a case."""
        (row,) = await self.world.pool.fetch(
            'SELECT * FROM bildwerk.dead_letters WHERE (topic, partition, "offset") = ($1, $2, $3)',
            *self.places[case.name],
        )
        return row


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sent(make_shared: MakeWorld, either_broker: Broker) -> AsyncIterator[Sending]:
    """Return a world whose service took all cases, good events before, between and after them."""
    world = await make_shared(*QUICK, broker=either_broker)
    if either_broker.bounded:
        await make_room(world)
    sending = Sending(world, await world.add(len(CASES) // 2 + 1))
    owners = iter(await world.add(len(CASES) - len(dead)))
    for number, case in enumerate(CASES):
        media_id = sending.media[case.name] = NOBODY if case in dead else next(owners)
        if number % 2 == 0:
            await world.wire.put(Topic.MEDIA_CREATED, b'{"media_id": %d}' % sending.good[number // 2])
        for message in case.send(media_id):
            place = await world.wire.put(
                message.topic, message.value, message.key or b"%d" % media_id, message.headers, message.timestamp_ms
            )
        sending.places[case.name] = place
    sending.folded = await send_folded(world, refused=either_broker.bounded)
    await world.wire.put(Topic.MEDIA_CREATED, b'{"media_id": %d}' % sending.good[-1])
    await world.serve(**LIMITS)
    await world.settled(sending.good, SECONDS)
    for topic in INTAKE_TOPICS:
        await world.wire.taken_in(topic, SECONDS)
    await world.settled([sending.media[case.name] for case in CASES if case.fate is Fate.PLANNED], SECONDS)
    yield sending


async def make_room(world: World) -> None:
    """Let the topic take two megabytes and times to come, which a broker does not as it comes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=list(world.wire.settings.servers))
    await admin.start()
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, ROOM)])
    finally:
        await admin.close()


async def send_folded(world: World, *, refused: bool) -> dict[str, list[int]]:
    """Send a batch that unfolds to 128 MiB, and one that says it is compressed and is not: a good broker refuses it."""
    servers, name = list(world.wire.settings.servers), world.wire.settings.name(Topic.MEDIA_CREATED)
    room = {"max_request_size": 1 << 30, "max_batch_size": 1 << 30}
    async with AIOKafkaProducer(bootstrap_servers=servers, compression_type="zstd", **room) as producer:
        bomb = await producer.send_and_wait(name, bytes(2 * MOST_BYTES), b"key", partition=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "gzip_encode", lambda _: b"no gzip")
        async with AIOKafkaProducer(bootstrap_servers=servers, compression_type="gzip", linger_ms=500) as producer:
            sending = [await producer.send(name, b"x" * 900, b"key", partition=0) for _ in range(2)]
            garbled: list[Any] = await asyncio.gather(*sending, return_exceptions=True)
    assert [isinstance(sent, KafkaError) for sent in garbled] == [refused] * 2
    return {"too_large": [bomb.offset], "corrupt_batch": [] if refused else [sent.offset for sent in garbled]}


async def test_the_good_events_around_them_are_done(sent: Sending) -> None:
    assert await sent.world.statuses(sent.good) == {"done": 2 * len(sent.good)}
    (service,) = sent.world.services
    assert any(event["messages"] > 1 for event in service.events("intake.planned")), "they came in one batch"
    (await gather(sent.world)).check()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_becomes_of_it(sent: Sending, case: Case) -> None:
    world, media_id = sent.world, sent.media[case.name]
    if case.fate is Fate.PLANNED:
        assert await world.statuses([media_id]) == {"done": 2}
        assert Counter(call["job"] for call in await world.calls(media_id)) == {CAPTION: 1, TITLE: 1}
    elif case.fate is Fate.DEAD:
        letter = await sent.letter(case)
        value = case.send(media_id)[-1].value
        assert letter["reason"] == case.reason
        assert letter["value"] == (value[:KEPT] if value is not None else None)
        assert letter["value_length"] == len(value or b"")
        assert letter["value_hash"] == hashlib.sha256(value or b"").hexdigest()
        assert letter["timestamp_ms"] > 0
        assert await world.calls(media_id) == []
    if case.fate is not Fate.DEAD:
        counted = [event["reason"] for service in world.services for event in service.events("intake.ignored")]
        assert not case.reason or case.reason in counted
        assert not await world.pool.fetch(
            'SELECT FROM bildwerk.dead_letters WHERE (topic, partition, "offset") = ($1, $2, $3)',
            *sent.places[case.name],
        )


async def test_nothing_else_is_counted_or_buried(sent: Sending) -> None:
    said: Counter[str] = Counter()
    for event in sent.world.services[0].events("intake.ignored"):
        said[event["reason"]] += event["count"]
    del said["unknown_type"]  # the marks behind what was sent are of such a type, too
    ignored = Counter(case.reason for case in CASES if case.fate is not Fate.DEAD and case.reason)
    assert said == ignored - Counter(["unknown_type"])
    buried = await sent.world.pool.fetch("SELECT reason FROM bildwerk.dead_letters WHERE reason <> 'media_missing'")
    folded = Counter({reason: len(offsets) for reason, offsets in sent.folded.items()})
    assert Counter(row["reason"] for row in buried) == Counter(case.reason for case in dead) + folded


async def test_dead_letters_are_published_too(sent: Sending) -> None:
    letters = {
        (letter["topic"], letter["partition"], letter["offset"]): (record, letter)
        for record in await sent.world.wire.read(Topic.DEAD_LETTER)
        for letter in [body(record)]
    }
    for case in dead:
        record, letter = letters[sent.places[case.name]]
        value = case.send(sent.media[case.name])[-1].value
        assert letter["reason"] == case.reason
        assert letter["value"] == (base64.b64encode(value[:KEPT]).decode() if value is not None else None)
        assert header(record, "ce_type") == Topic.DEAD_LETTER


async def test_a_person_can_look_at_every_one_of_them(sent: Sending) -> None:
    status, said = await run(sent.world, "dead-letters", "list")
    assert status == 0, said
    assert {case.reason for case in dead if f" {case.reason}: " not in said} == set()
    numbers = [(await sent.letter(case))["id"] for case in dead if case.id in ("E3", "E23")]
    for number in numbers:
        status, said = await run(sent.world, "dead-letters", "show", number, "--value")
        assert status == 0, said
        assert "\x00" not in said


async def test_e20_a_medium_that_comes_after_its_event_is_looked_for_again(sent: Sending) -> None:
    world = sent.world
    await world.wire.created([900_001])
    await world.wire.taken_in(Topic.MEDIA_CREATED, SECONDS)

    await world.add_as(900_001)

    await world.settled([900_001], SECONDS)
    assert await world.statuses([900_001]) == {"done": 2}


async def test_e20_a_medium_that_never_comes_is_a_dead_letter(sent: Sending) -> None:
    world = sent.world
    await world.wire.created([900_002])

    async def buried() -> Any:
        return await world.pool.fetch("SELECT * FROM bildwerk.dead_letters WHERE reason = 'media_missing'")

    (row,) = await until(buried, SECONDS)
    assert row["value"] == b'{"media_id":900002}'
    assert row["topic"] == world.wire.settings.name(Topic.MEDIA_CREATED)
    await world.drained(SECONDS)
    assert "media_missing" in [body(record)["reason"] for record in await world.wire.read(Topic.DEAD_LETTER)]
    assert await world.jobs([900_002]) == {}


async def test_e21_a_medium_that_is_deleted_during_a_call_gets_nothing(sent: Sending) -> None:
    world = sent.world
    (media_id,) = await world.add(1)
    await world.spoil("hang", match={"media": str(media_id), "job": CAPTION}, next=1)
    await world.wire.created([media_id])
    await world.under_way(media_id, CAPTION)

    await world.pool.execute("DELETE FROM public.media WHERE id = $1", media_id)
    await world.wire.updated(media_id)
    await world.wire.taken_in(Topic.MEDIA_UPDATED, SECONDS)
    await world.heal()

    await world.settled([media_id], SECONDS)
    assert {job["reason"] for job in (await world.jobs([media_id])).values()} == {"media_deleted"}
    assert await world.statuses([media_id]) == {"skipped": 2}
    assert await world.meta(media_id) == {}
    assert "done" not in [outcome for _, outcome in await world.outcomes(media_id)]


async def test_e22_our_own_completions_start_nothing(sent: Sending) -> None:
    """What we sent came back long ago; sent once more, byte for byte, it is nothing new either."""
    world = sent.world
    ours = [r for r in await world.wire.read(Topic.STAGE_COMPLETED) if not header(r, "ce_source").startswith("/test/")]
    assert len(ours) > 2 * len(sent.good)
    before = await world.pool.fetch("SELECT id, plan_no FROM bildwerk.media ORDER BY id")

    for record in ours[:50]:
        await world.wire.put(Topic.STAGE_COMPLETED, record.value, record.key, record.headers)
    await world.wire.taken_in(Topic.STAGE_COMPLETED, SECONDS)

    assert await world.pool.fetch("SELECT id, plan_no FROM bildwerk.media ORDER BY id") == before


async def test_e27_a_batch_that_cannot_be_unfolded_is_passed_by_its_coordinates(sent: Sending) -> None:
    letters = await sent.world.pool.fetch(
        'SELECT reason, "offset", value, key FROM bildwerk.dead_letters WHERE timestamp_ms < 0 ORDER BY "offset"'
    )
    found = {reason: [row["offset"] for row in letters if row["reason"] == reason] for reason in sent.folded}
    assert found == sent.folded
    assert {(row["value"], row["key"]) for row in letters} == {(None, None)}
    (service,) = sent.world.services
    assert [event for event in service.events("reader.unreadable") if event["error"] == "RecordTooLargeError"]
    if (status := Path(f"/proc/{service.process.pid}/status")).exists():
        (most,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert int(most) < ROOM_KB


async def test_e27_a_damaged_batch_costs_its_own_messages_and_nothing_else(make: MakeWorld) -> None:
    """A network damages it each time that it is asked for."""
    world = await make(*QUICK)
    media = await world.add(3)
    await world.wire.created(media[:2])
    place = await world.wire.put(Topic.MEDIA_CREATED, DAMAGED[0])
    await world.wire.created(media[2:])
    async with damaging_network(world.wire.settings.servers[0]) as address:
        service = await world.serve(KAFKA_BOOTSTRAP_SERVERS=address)
        await world.settled(media, SECONDS)
        await world.wire.taken_in(Topic.MEDIA_CREATED, SECONDS)
        (letter,) = await world.pool.fetch("SELECT * FROM bildwerk.dead_letters")
        assert (letter["topic"], letter["partition"], letter["offset"]) == place
        assert (letter["reason"], letter["value"]) == ("corrupt_batch", None)
        assert await service.stop(seconds=SECONDS) == 0
    assert await world.statuses(media) == {"done": 6}
