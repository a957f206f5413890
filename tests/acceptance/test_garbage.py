"""F19: half of a topic is garbage, then all of it: the good half is done, and a flood stops the intake."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import Topic
from tests.acceptance.bad_events import CASES, Fate
from tests.acceptance.commands import run
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

HALF, FLOOD = 1_000, 1_200
DONE = 100
"""So many of the good ones are looked at and asked about; somebody opted the others out."""
SECONDS = 180.0
Place = tuple[str, int, int]
KINDS = [
    sent.value
    for case in CASES
    if case.fate is Fate.DEAD
    for sent in case.send(7)
    if sent.topic is Topic.MEDIA_CREATED and not sent.headers and len(sent.value or b"") < 2_000
]


@dataclass
class Garbage:
    """What was sent that nobody can understand, by where it lies; tombstones are None."""

    dice: random.Random
    sent: dict[Place, bytes | None] = field(default_factory=dict)

    def make(self) -> bytes | None:
        """Something else each time."""
        match self.dice.randrange(3):
            case 0:
                return self.dice.randbytes(self.dice.randrange(1, 400))
            case 1:
                return b'{"media_id": %d, "x": "' % self.dice.randrange(99) + b"x" * self.dice.randrange(300)
            case _:
                return self.dice.choice(KINDS)


async def send(world: World, values: Sequence[bytes | None], key: bytes | None = None) -> list[Place]:
    """Produce many messages side by side, in one partition if there is a key; returns where they lie."""
    name = world.wire.settings.name(Topic.MEDIA_CREATED)
    async with AIOKafkaProducer(bootstrap_servers=list(world.wire.settings.servers), linger_ms=20) as producer:
        sending = [await producer.send(name, value, key or b"%d" % number) for number, value in enumerate(values)]
        return [(name, sent.partition, sent.offset) for sent in await asyncio.gather(*sending)]


async def add_library(world: World) -> list[int]:
    """Media with pictures, and many more that somebody opted out."""
    media = [*await world.add(DONE), *await world.add_paths(f"{number}.jpg" for number in range(HALF - DONE))]
    await world.pool.execute(
        "INSERT INTO public.media_meta (media_id, key, value) SELECT id, 'bildwerk.skip', 'true'::jsonb"
        " FROM unnest($1::bigint[]) AS id",
        media[DONE:],
    )
    return media


async def send_garbage(
    world: World, garbage: Garbage, count: int, good: Sequence[int], key: bytes | None = None
) -> None:
    """Send so much garbage with good events strewn in."""
    values: list[tuple[bool, bytes | None]] = [(True, garbage.make()) for _ in range(count)]
    values += [(False, b'{"media_id": %d}' % media_id) for media_id in good]
    garbage.dice.shuffle(values)
    places = await send(world, [value for _, value in values], key)
    garbage.sent |= {place: value for place, (bad, value) in zip(places, values, strict=True) if bad}


async def letters(world: World) -> dict[Place, Any]:
    """The dead letters by where their messages lie."""
    rows = await world.pool.fetch("SELECT * FROM bildwerk.dead_letters")
    found = {(row["topic"], row["partition"], row["offset"]): row for row in rows}
    assert len(found) == len(rows), "none is there twice"
    return found


def require_whole(found: dict[Place, Any], garbage: Garbage) -> None:
    """Each letter holds the raw bytes of its message."""
    for place, row in found.items():
        value = garbage.sent[place]
        assert row["value"] == value, place
        assert row["value_hash"] == hashlib.sha256(value or b"").hexdigest()


async def test_half_garbage_delays_nobody_and_all_of_it_stops_intake(
    make: MakeWorld, dice: random.Random, figure: Callable[[str], None]
) -> None:
    world = await make(*QUICK, slots=8)
    media, garbage = await add_library(world), Garbage(dice)
    await send_garbage(world, garbage, HALF, media)
    service = await world.serve(log_level="info")

    await world.settled(media, SECONDS)
    await world.wire.taken_in(Topic.MEDIA_CREATED, SECONDS)
    assert await world.statuses() == {"done": 2 * DONE, "skipped": 2 * (HALF - DONE)}
    found = await letters(world)
    assert found.keys() == garbage.sent.keys()
    require_whole(found, garbage)
    (await gather(world)).check()

    (last,) = await world.add(1)
    await send_garbage(world, garbage, FLOOD, [], key=b"%d" % last)  # it lies behind all of this
    await world.wire.created([last])
    await service.said("intake.flooded", SECONDS)
    (flooded,) = service.events("intake.flooded")
    assert flooded["dead"] >= 0.9 * flooded["events"], flooded
    await require_settled_prefix(world, garbage)
    assert await world.jobs([last]) == {}

    status, said = await run(world, "dead-letters", "resume")
    assert (status, said) == (0, "events are taken again\n")
    await world.settled([last], SECONDS)
    await world.wire.taken_in(Topic.MEDIA_CREATED, SECONDS)
    found = await letters(world)
    assert found.keys() == garbage.sent.keys()
    require_whole(found, garbage)
    statuses = await world.statuses()
    assert statuses == {"done": 2 * DONE + 2, "skipped": 2 * (HALF - DONE)}
    assert [error["event"] for error in service.errors()] == ["intake.flooded"]
    assert await service.stop(seconds=SECONDS) == 0
    world.services.clear()
    reasons = Counter(row["reason"] for row in found.values())
    figure(
        f"{len(garbage.sent)} of {HALF + FLOOD + HALF + 1} messages were garbage of {len(reasons)} kinds: "
        f"{len(found)} dead letters with all their bytes, 0 lost, 0 twice; stopped at {flooded['dead']} of "
        f"{flooded['events']}; {statuses['done']} jobs done, 0 failed"
    )


async def require_settled_prefix(world: World, garbage: Garbage) -> None:
    """I3: what lies before the committed offsets is buried, and nothing behind them is: it comes again."""

    async def agreed() -> bool:
        committed = await world.wire.committed(Topic.MEDIA_CREATED)
        before = {place for place in garbage.sent if place[2] < committed[place[1]]}
        return (await letters(world)).keys() == before

    await until(agreed, SECONDS, every=0.5)
    found = await letters(world)
    assert HALF < len(found) < HALF + FLOOD
    require_whole(found, garbage)
