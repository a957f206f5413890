"""F25: dead letters are tried again, topics replayed and groups begun anew, twice; one medium is forced."""

from typing import Any

from contracts.topics import Topic
from tests.acceptance.commands import run
from tests.acceptance.world import TITLE
from tests.chaos.program import Program
from tests.chaos.scene import PATIENCE, Scene

TOPICS = (Topic.MEDIA_CREATED, Topic.STAGE_COMPLETED)


async def play(scene: Scene) -> None:
    """Nothing may come of any of it, and one more title of the force."""
    service = await scene.serve()
    await service.said("service.started", PATIENCE)
    scene.letters = scene.choose(5, 50)
    media = await scene.add(scene.choose(20, 300))
    await scene.announce(media)
    for number in range(scene.letters):
        await scene.world.wire.send_bytes(Topic.MEDIA_CREATED, b"rubbish %d" % number)
    await scene.come_to_rest()
    before = await _count(scene)
    for number in range(2):
        await _read_again(scene, number)
    if (after := await _count(scene)) != before:
        scene.broken["I16 a replay adds nothing"] = [before, after]
    await _force(scene, media[1], before)


async def _read_again(scene: Scene, number: int) -> None:
    scene.journal.fault("dead letters tried again")
    await run(scene.world, "dead-letters", "retry", "--all")
    for topic in TOPICS:
        scene.journal.fault("replay", topic.value)
        status, said = await run(scene.world, "replay", "--topic", topic.value, "--rate", 10_000)
        if status:
            scene.broken[f"replay of {topic.value}"] = [said]
    scene.journal.fault("group begun anew")
    group = f"again-{number}-{scene.world.word}"
    service = await scene.serve(kafka_group=group)
    for topic in TOPICS:
        await scene.world.wire.taken_in(topic, PATIENCE, group)
    scene.alive.remove(service)
    await service.stop(seconds=PATIENCE)


async def _force(scene: Scene, media_id: int, before: list[int]) -> None:
    """Twice under one id: the second time nothing."""
    forced = ("replay", "--topic", "media.created", "--force", "--job-type", TITLE, "--media-id", media_id)
    for _ in range(2):
        scene.journal.fault("forced replay")
        await run(scene.world, *forced, "--force-id", "once")
        await scene.come_to_rest()
    after = await _count(scene)
    if [now - then for now, then in zip(after, before, strict=True)] != [1, 1, 1, 0]:
        scene.broken["I16 a force counts once"] = [before, after]


async def _count(scene: Scene) -> list[int]:
    """Effects, model calls, events, dead letters."""
    pool = scene.world.pool
    effects: Any = await pool.fetchval("SELECT count(*) FROM bildwerk.runs WHERE outcome IN ('done', 'kept')")
    letters: Any = await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters")
    events = await scene.world.wire.read(Topic.STAGE_COMPLETED)
    return [effects, len(await scene.world.calls()), len(events), letters]


PROGRAM = Program(
    "F25", "replays", "dead letters tried again, topics replayed, groups begun anew, all twice; a force, twice", play
)
