"""F10: the broker is frozen, or cannot be reached, while there is much to tell."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from contracts.topics import Topic
from tests.acceptance.polling import until
from tests.chaos.program import Program
from tests.chaos.proxy import Mood
from tests.chaos.scene import KEY, PATIENCE, WORDS, Scene

KEYS = ("ollama.caption", KEY)


async def play(scene: Scene) -> None:
    """Most of the pictures were described by people, so that only the events of skipped jobs come of them."""
    for _ in range(2):
        await scene.serve()
    for service in scene.alive:
        await service.said("service.started", PATIENCE)
    for name, outage, seconds in (
        ("frozen", scene.frozen_broker, scene.choose(2, 20)),
        ("out of reach", lambda: _out_of_reach(scene), scene.choose(2, 40)),
    ):
        media = await scene.add(scene.choose(30, 1_250))
        by_hand = [media_id for number, media_id in enumerate(media) if number % scene.choose(3, 25)]
        await _write(scene, by_hand)
        # Without pictures nothing is decided yet; then everything is, while nobody can be told.
        scene.world.root.rename(scene.world.folder / "elsewhere")
        await scene.announce(media)
        await scene.world.wire.taken_in(Topic.MEDIA_CREATED, PATIENCE)
        async with outage():
            (scene.world.folder / "elsewhere").rename(scene.world.root)
            await _pile_up(scene, 2 * len(by_hand))
            await asyncio.sleep(seconds)
            scene.notes[f"rows, {name}"] = await _count(scene)
        began = time.monotonic()
        await scene.world.drained(PATIENCE)
        scene.notes[f"drained, {name}"] = round(time.monotonic() - began, 1)


@asynccontextmanager
async def _out_of_reach(scene: Scene) -> AsyncIterator[None]:
    scene.journal.fault("broker out of reach")
    scene.theatre.broker_door.mood = Mood(hole=True)
    scene.theatre.broker_door.slam()
    try:
        yield
    finally:
        scene.theatre.broker_door.heal()
        scene.journal.note("the broker is reached again")


async def _write(scene: Scene, media: Sequence[int]) -> None:
    for key in KEYS:
        await scene.world.pool.executemany(
            "INSERT INTO media_meta VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [(m, key, WORDS) for m in media]
        )
        scene.people |= {(media_id, key): WORDS for media_id in media}


async def _pile_up(scene: Scene, rows: int) -> None:
    """Wait for so many: every picture has to be looked at for that, however slow the machine is."""

    async def enough() -> bool:
        return await _count(scene) >= rows

    await until(enough, scene.choose(PATIENCE, 4 * PATIENCE), every=0.2)
    scene.journal.note(f"{await _count(scene)} rows in the outbox")


async def _count(scene: Scene) -> int:
    return int(await scene.world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox"))


PROGRAM = Program(
    "F10",
    "absent-broker",
    "the broker frozen, then out of reach, while what is to be told piles up",
    play,
)
