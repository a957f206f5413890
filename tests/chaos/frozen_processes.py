"""F3: a process is frozen for longer than its leases, and perhaps than its session with Kafka, and goes on."""

from tests.chaos.program import Program
from tests.chaos.scene import LEASE, Scene


async def play(scene: Scene) -> None:
    """One of three processes at a time."""
    services = [await scene.serve() for _ in range(3)]
    async with scene.uploads(scene.choose(20, 400)):
        await scene.done(0.1)
        for _ in range(scene.choose(2, 50)):
            async with scene.frozen(scene.dice.choice(services)):
                await scene.pause(1.2 * LEASE, 3.0 * LEASE)
            await scene.pause(0.2, 1.0)


PROGRAM = Program(
    "F3",
    "frozen-processes",
    f"SIGSTOP of one of three processes for 1.2 to 3 leases of {LEASE:g} s, then SIGCONT",
    play,
)
