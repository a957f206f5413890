"""F4: PostgreSQL ends sessions in the middle of whatever they do."""

import time

from tests.chaos.program import Program
from tests.chaos.scene import Scene, insist


async def play(scene: Scene) -> None:
    """Two sessions at a time, every 50 to 200 ms."""
    for _ in range(2):
        await scene.serve()
    async with scene.uploads(scene.choose(20, 300)):
        await scene.done(0.05)
        end = time.monotonic() + scene.choose(5, 60)
        while time.monotonic() < end:
            scene.journal.fault("session ended", times=await insist(lambda: scene.terminate(2)))
            await scene.pause(0.05, 0.2)


PROGRAM = Program("F4", "cut-connections", "pg_terminate_backend of two sessions by chance every 50 to 200 ms", play)
