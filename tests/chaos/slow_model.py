"""F13: the model takes longer than a session with Kafka lasts, and than a consumer may go without a poll."""

from tests.acceptance.world import CAPTION
from tests.chaos.program import Program
from tests.chaos.scene import PATIENCE, Scene


async def play(scene: Scene) -> None:
    """Every slot is at a slow call; whoever waits in its poll loop would be out of the group by then."""
    seconds = scene.choose(10.0, 310.0)
    service = await scene.serve()
    await service.said("service.started", PATIENCE)
    slow = await scene.add(4)
    scene.journal.fault("slow call", f"{seconds:g} s", 4)
    await scene.world.spoil("delay", seconds=seconds, match={"job": CAPTION}, next=4)
    await scene.announce(slow)
    await scene.world.settled(slow, seconds + PATIENCE)
    await scene.announce(await scene.add(4))
    await scene.world.settled(scene.media, PATIENCE)
    calls = await scene.world.calls()
    joined = len(service.events("reader.assigned"))
    if len(calls) != len({(call["media"], call["job"]) for call in calls}) or any(c["given_up"] for c in calls):
        scene.broken["one call for each job"] = [len(calls)]
    if joined != 1:
        scene.broken["it stays in the group"] = [joined]


PROGRAM = Program(
    "F13",
    "slow-model",
    "model calls that outlast a session with Kafka; in a whole run also the longest time between polls",
    play,
)
