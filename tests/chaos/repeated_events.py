"""F18: every event comes one to five times, all of them shuffled, and some pictures change in between."""

import hashlib

from contracts.topics import Topic
from tests.acceptance.pictures import draw
from tests.chaos.program import Program
from tests.chaos.scene import PATIENCE, Scene

CHANGED = 3
"""Every third picture."""
NEW = 1_000_000
"""Numbers of pictures that no other draws."""


async def play(scene: Scene) -> None:
    """Events of the old and of the new picture are mixed: the older one may come last."""
    for _ in range(2):
        await scene.serve()
    media = await scene.add(scene.choose(30, 600))
    changing = set(media[::CHANGED])
    events = [(m, version) for m in media for version in range(1 + (m in changing)) for _ in range(_times(scene))]
    scene.dice.shuffle(events)
    scene.journal.fault("repeated event", times=len(events) - len(media) - len(changing))
    changed: set[int] = set()
    for number, (media_id, version) in enumerate(events):
        if version and media_id not in changed:
            changed.add(media_id)
            await _change(scene, media_id)
        topic = scene.dice.choice((Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED))
        await scene.world.wire.send(topic, [{"media_id": media_id}])
        if number % 20 == 0:
            await scene.pause(0.0, 0.2)
    scene.journal.fault("changed picture", times=len(changed))
    await scene.come_to_rest()
    await _compare(scene, changed)


def _times(scene: Scene) -> int:
    return scene.dice.randint(1, 5)


async def _change(scene: Scene, media_id: int) -> None:
    path = await scene.world.pool.fetchval("SELECT path FROM public.media WHERE id = $1", media_id)
    draft = scene.world.root / f"{media_id}.new"
    draft.write_bytes(draw(NEW + media_id))
    draft.rename(scene.world.root / path)
    await scene.world.touch(media_id)


async def _compare(scene: Scene, changed: set[int]) -> None:
    """The last version counts, whichever event came last."""
    rows = await scene.world.pool.fetch("SELECT id, content_hash FROM bildwerk.media")
    hashes = {row["id"]: row["content_hash"] for row in rows}
    wrong = [m for m in changed if hashes[m] != hashlib.sha256(draw(NEW + m)).hexdigest()]
    if wrong:
        scene.broken["the last picture counts"] = wrong
    await scene.world.wire.taken_in(Topic.MEDIA_UPDATED, PATIENCE)


PROGRAM = Program(
    "F18", "repeated-events", "each event one to five times, shuffled, while every third picture is replaced", play
)
