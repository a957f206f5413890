"""F5: PostgreSQL crashes and comes back, at once or after a while."""

import asyncio

from tests.chaos.program import Program
from tests.chaos.scene import Scene


async def play(scene: Scene) -> None:
    """Crash and start again, over and over; once it stays away for longer than everybody's patience."""
    for _ in range(2):
        await scene.serve()
    async with scene.uploads(scene.choose(20, 300)):
        await scene.done(0.05)
        for _ in range(scene.choose(2, 10)):
            await _restart(scene, 0.0)
            await scene.pause(1.0, 4.0)
        if not scene.quick:
            await _restart(scene, 30.0)


async def _restart(scene: Scene, away: float) -> None:
    scene.journal.fault("PostgreSQL crashed", f"for {away:g} s" if away else "")
    try:
        await scene.theatre.crash_postgres()
        await asyncio.sleep(away)
    finally:
        await scene.theatre.start_postgres()
        scene.journal.note("PostgreSQL is back")


PROGRAM = Program(
    "F5", "restarts", "PostgreSQL stopped as in a crash and started again; in a whole run once away for 30 s", play
)
