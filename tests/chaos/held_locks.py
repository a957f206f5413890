"""F7: a process is frozen in the middle of a transaction: as the relay, or with a medium's row in its hands."""

import asyncio
import time
from typing import Any

from tests.chaos.program import Program
from tests.chaos.proxy import Mood
from tests.chaos.scene import Scene, insist

LOOK_SECONDS = 0.3
LONGEST = 40.0
"""PostgreSQL ends the transaction of one who says nothing for 15 s; then the others go on."""
HOLDERS = """
    SELECT a.pid, a.xact_start FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)
    WHERE a.datname = current_database() AND a.application_name = 'bildwerk' AND a.state LIKE 'idle in transaction%'
        AND l.granted AND CASE $1 WHEN 'relay' THEN l.locktype = 'advisory'
            ELSE l.mode = 'RowShareLock' AND l.relation = 'bildwerk.media'::regclass END
"""


async def play(scene: Scene) -> None:
    """Freeze until one is caught with the lock, and keep it frozen until its transaction is gone."""
    services = [await scene.serve() for _ in range(2)]
    async with scene.uploads(scene.choose(20, 200)):
        await scene.done(0.05)
        # Answers take a while, so that more of the time is spent inside of transactions.
        scene.theatre.database_door.mood = Mood(latency=0.01)
        scene.theatre.broker_door.mood = Mood(latency=0.05)
        for kind in scene.choose(("relay", "row"), ("relay", "row") * 3):
            caught = False
            while not caught:
                service = scene.dice.choice(services)
                async with scene.frozen(service, "try"):
                    caught = await _hold(scene, kind)
                await scene.pause(0.05, 0.3)


async def _hold(scene: Scene, kind: str) -> bool:
    """Whether somebody was caught; returns when PostgreSQL has taken the lock away."""
    first = await _look(scene, kind)
    await asyncio.sleep(LOOK_SECONDS)
    held = first & await _look(scene, kind)
    if not held:
        return False
    scene.journal.fault(f"{kind} frozen", "while it holds its lock")
    before, began = (await scene.world.statuses())["done"], time.monotonic()
    while held & await _look(scene, kind):
        await asyncio.sleep(0.2)
        if time.monotonic() - began > LONGEST:
            scene.broken["the lock of a frozen process ends"] = [kind, sorted(held)]
            break
    scene.journal.note(f"taken from it after {time.monotonic() - began:.1f} s")
    if kind == "relay":
        await scene.world.drained(LONGEST)
    elif (await scene.world.statuses())["done"] <= before:
        scene.broken["others work on meanwhile"] = [kind]
    return True


async def _look(scene: Scene, kind: str) -> set[tuple[Any, ...]]:
    rows = await insist(lambda: scene.world.pool.fetch(HOLDERS, kind))
    return {tuple(row) for row in rows}


PROGRAM = Program(
    "F7",
    "held-locks",
    "SIGSTOP of a process that holds the relay's lock, or a medium's row, for longer than 15 s",
    play,
)
