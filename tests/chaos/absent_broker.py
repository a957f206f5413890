"""F10: the broker is frozen, or cannot be reached, while there is much to tell."""

import asyncio
import time

from contracts.topics import Topic
from tests.chaos.program import Program
from tests.chaos.proxy import Mood
from tests.chaos.scene import KEY, WORDS, Scene

CAPTION_KEY = "ollama.caption"


async def play(scene: Scene) -> None:
    """Most of the pictures were described by people, so that only the events of skipped jobs come of them."""
    for _ in range(2):
        await scene.serve()
    media = await scene.add(scene.choose(60, 2_500))
    by_hand = [media_id for number, media_id in enumerate(media) if number % scene.choose(3, 25)]
    for key in (CAPTION_KEY, KEY):
        await scene.world.pool.executemany(
            "INSERT INTO media_meta VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [(m, key, WORDS) for m in by_hand]
        )
        scene.people |= {(media_id, key): WORDS for media_id in by_hand}
    for service in scene.alive:
        await service.said("service.started", 120)
    await scene.announce(media)
    await scene.world.wire.taken_in(Topic.MEDIA_CREATED, 120)
    async with scene.frozen_broker():
        await asyncio.sleep(scene.choose(4, 20))
        await _tell(scene)
    await scene.pause(0.5, 1.0)
    scene.journal.fault("broker not reached")
    scene.theatre.broker_door.mood = Mood(hole=True)
    scene.theatre.broker_door.slam()
    await scene.world.inspected(media, 240)
    await asyncio.sleep(scene.choose(3, 40))
    rows = await _tell(scene)
    await scene.heal()
    began = time.monotonic()
    await scene.world.drained(240)
    scene.notes["rows"], scene.notes["drained_seconds"] = rows, round(time.monotonic() - began, 1)


async def _tell(scene: Scene) -> int:
    rows = int(await scene.world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox"))
    scene.journal.note(f"{rows} rows in the outbox")
    return rows


PROGRAM = Program(
    "F10", "absent-broker", "the broker frozen for 20 s, then out of reach, with thousands of rows in the outbox", play
)
