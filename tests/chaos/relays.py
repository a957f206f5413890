"""F23: three relays are killed and frozen while eight writers fill the outbox, some of them slowly."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from bildwerk.sandbox.process import Process
from bildwerk.sandbox.process import Program as Command
from contracts.topics import Topic
from tests.acceptance.figures import Figures
from tests.acceptance.polling import until
from tests.acceptance.wire import body, header
from tests.acceptance.world import REPOSITORY
from tests.chaos.program import Judged, Program
from tests.chaos.relay_process import BATCH
from tests.chaos.scene import PATIENCE, Scene

MEDIA, WRITERS, RELAYS = 100, 8, 3
SLOW_SHARE, SLOW_SECONDS = 0.02, 0.02
WRITE = (
    "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload)"
    " VALUES ($1::bigint::text, $2, $2, jsonb_build_object('media_id', $1::bigint, 'number', $3::integer))"
    " RETURNING event_id"
)


async def play(scene: Scene) -> None:
    """Write, and meanwhile kill or freeze a relay every 350 ms."""
    await scene.world.pool.execute("INSERT INTO bildwerk.media (id) SELECT generate_series(1, $1::bigint)", MEDIA)
    written: dict[str, int] = {}
    scene.notes["written"] = written
    relays = [await _start(scene) for _ in range(RELAYS)]
    numbers: Counter[int] = Counter()
    share = scene.choose(1_500, 20_000) // WRITERS
    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(_write(scene, share, numbers, written))
        group.create_task(_break(scene, relays, scene.choose(5.0, 45.0)))


async def _write(scene: Scene, count: int, numbers: Counter[int], written: dict[str, int]) -> None:
    """As the service does: the medium's row first, then the event; numbers are in the order of commits."""
    dice = random.Random(scene.dice.randrange(2**32))
    for _ in range(count):
        media_id = dice.randrange(1, MEDIA + 1)
        async with scene.world.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT 1 FROM bildwerk.media WHERE id = $1 FOR UPDATE", media_id)
            numbers[media_id] += 1
            event_id = await connection.fetchval(WRITE, media_id, Topic.STAGE_COMPLETED.value, numbers[media_id])
            if dice.random() < SLOW_SHARE:
                await asyncio.sleep(SLOW_SECONDS)
        written[str(event_id)] = media_id


async def _break(scene: Scene, relays: list[Process], seconds: float) -> None:
    end = time.monotonic() + seconds
    thaws: list[asyncio.Task[None]] = []
    while time.monotonic() < end:
        await asyncio.sleep(0.35)
        at = scene.dice.randrange(RELAYS)
        if scene.dice.random() < 0.35:
            scene.journal.fault("kill", f"relay {at}")
            os.kill(relays[at].pid, signal.SIGKILL)
            await relays[at].wait()
            relays[at] = await _start(scene)
        else:
            scene.journal.fault("stop", f"relay {at}")
            thaws.append(asyncio.create_task(_freeze(relays[at], scene.dice.uniform(0.2, 4.0))))
    await asyncio.gather(*thaws)


async def _freeze(relay: Process, seconds: float) -> None:
    os.kill(relay.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        if relay.returncode is None:
            os.kill(relay.pid, signal.SIGCONT)


async def _start(scene: Scene) -> Process:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY)}
    argv = [sys.executable, "-m", "tests.chaos.relay_process", scene.world.database]
    argv += [scene.theatre.broker_door.address, scene.world.word]
    log = scene.world.folder / f"relay-{len(list(scene.world.folder.glob('relay-*')))}.log"
    process = await Process.start(Command("a relay", argv, log, environment=environment))
    scene.exits.push_async_callback(process.stop)

    async def started() -> bool:
        return "started" in log.read_text()

    await until(started, PATIENCE)
    return process


async def judge(scene: Scene, healed: float) -> Judged:
    """I5, I6, I7: nothing is lost, first occurrences are in commit order, repeats are bounded."""

    async def empty() -> bool:
        return not await scene.world.pool.fetchval("SELECT EXISTS (SELECT FROM bildwerk.outbox)")

    await until(empty, PATIENCE, every=0.2)
    rest = time.monotonic() - healed
    written: Any = scene.notes.pop("written")
    events = await scene.world.wire.read(Topic.STAGE_COMPLETED)
    seen: dict[str, int] = {}
    numbers: dict[int, list[int]] = defaultdict(list)
    for event in events:
        if header(event, "ce_id") not in seen:
            content = body(event)
            numbers[content["media_id"]].append(content["number"])
        seen[header(event, "ce_id")] = seen.get(header(event, "ce_id"), 0) + 1
    lost = written.keys() - seen.keys()
    inversions = [(m, pair) for m, said in numbers.items() for pair in pairwise(said) if pair[0] > pair[1]]
    repeats = len(events) - len(seen)
    bound = scene.journal.faults.total() * BATCH
    scene.notes |= {"events": len(written), "inversions": len(inversions)}
    found: dict[str, list[Any]] = {
        "I7 the relay skips no row": sorted(lost),
        "I7 nothing that was rolled back is told": sorted(seen.keys() - written.keys()),
        "I6 commit order": inversions,
        "I5 repeats are bounded": [repeats] * (repeats > bound),
    }
    figures = Figures(MEDIA, 0, 0, len(lost), 0, 0, 0, 0, repeats, rest)
    return figures, {name: each for name, each in found.items() if each}


PROGRAM = Program(
    "F23", "relays", "three relays killed or frozen every 350 ms, eight writers, 2 % of whom are slow", play, judge
)
