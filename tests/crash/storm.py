"""The kill storm: processes at work are killed without a word, one after another, while pictures come in.

The pace follows the work, not the clock: a process dies whenever some jobs more are done, so that the work lasts as
long as the killing, on any computer.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.acceptance.invariants import gather
from tests.acceptance.world import CAPTION, TITLE, Service, World
from tests.crash.lanes import SETTINGS

SLOW = ("--host", "0.0.0.0", "--picture-seconds", "0.15", "--token-seconds", "0.002", "--load-seconds", "0.02")
KILLS, PICTURES, ALIVE = 110, 300, 3
LATE = 40
"""Pictures that are announced one by one while processes die."""
SLOTS = 1
JOBS = 2 * PICTURES
JOBS_PER_KILL = 4
PATIENCE = 0.8
"""Seconds after which the next one is killed, whether anything was done or not."""
UNLUCKY = "SELECT s.host FROM bildwerk.slots AS s JOIN bildwerk.media AS m ON m.owner = s.owner WHERE m.lost >= 3"
"""Whose medium has lost its leases again and again: after five in a row its job fails by rule (P25), and that is not
what is looked for here."""


@dataclass
class Storm:
    """Three processes with a slot each, and whoever takes the place of the dead."""

    world: World
    dice: random.Random
    alive: list[Service] = field(default_factory=list)
    hosts: dict[int, str] = field(default_factory=dict)
    """What each process asks, by its process id."""
    started: int = 0

    async def start(self) -> None:
        """One more."""
        self.started += 1
        port = self.world.ollama.url.rpartition(":")[2]
        host = f"127.0.0.{2 + self.started % 250}:{port}"
        service = await self.world.serve(OLLAMA_HOST=f"http://{host}={SLOTS}", **SETTINGS)
        self.alive.append(service)
        self.hosts[service.process.pid] = host

    async def count_done(self) -> int:
        """Jobs that are done."""
        return int(await self.world.pool.fetchval("SELECT count(*) FROM bildwerk.jobs WHERE status = 'done'"))

    async def kill(self, number: int) -> None:
        """Wait until there was some work since the last one died, and a little longer; then kill one."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and await self.count_done() < JOBS_PER_KILL * number:
            await asyncio.sleep(0.02)
        await asyncio.sleep(self.dice.uniform(0.0, 0.2))
        await self.start()
        spared = {row["host"] for row in await self.world.pool.fetch(UNLUCKY)}
        candidates = [n for n in range(ALIVE) if self.hosts[self.alive[n].process.pid] not in spared]
        await self.alive.pop(self.dice.choice(candidates or range(ALIVE))).kill()


async def run_storm(seed: int, world: World) -> str:
    """Figures of a storm; raises AssertionError when an invariant does not hold."""
    storm, began = Storm(world, random.Random(seed)), time.monotonic()
    media = await world.add(PICTURES)
    for _ in range(ALIVE):
        await storm.start()
    for service in storm.alive:
        await service.started()
    await world.wire.created(media[:-LATE])
    late = media[-LATE:]
    while await storm.count_done() == 0:
        await asyncio.sleep(0.05)
    killing = time.monotonic()
    for number in range(1, KILLS + 1):
        await storm.kill(number)
        if late and number % 2:
            await world.wire.created([late.pop()])
    killed, open_jobs = time.monotonic(), JOBS - await storm.count_done()
    await world.wire.created(late)
    assert open_jobs > 0, "the kills fell into the work"
    await world.settled(media, seconds=180)

    evidence = await gather(world)
    evidence.check()
    assert Counter(job["status"] for job in evidence.jobs.values()) == {"done": JOBS}
    asked = {(int(call["media"]), call["job"]) for call in evidence.calls}
    assert asked == {(media_id, job) for media_id in media for job in (CAPTION, TITLE)}
    cut_off = sum(run["ended_at"] is None for run in evidence.runs)
    assert cut_off >= KILLS // 10, "the kills fell into model calls"
    wasted = len(evidence.calls) - JOBS
    assert wasted <= KILLS * SLOTS
    return (
        f"seed {seed}: {KILLS} kills in {killed - killing:.0f} s, {JOBS} jobs, 0 lost, 0 doubled, 0 failed,"
        f" {open_jobs} jobs open after the last kill, {cut_off} runs cut off, {wasted} wasted calls of"
        f" {len(evidence.calls)}, {len(evidence.events) - len(evidence.first_events)} repeats on the topic;"
        f" all done {time.monotonic() - killed:.0f} s after it, {time.monotonic() - began:.0f} s in all"
    )
