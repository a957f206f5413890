"""A program of faults, and what became of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from contracts.topics import Topic
from tests.acceptance.figures import Figures, count
from tests.acceptance.invariants import Evidence, gather
from tests.chaos.journal import Journal
from tests.chaos.proxy import open_door
from tests.chaos.scene import LEASE, Scene
from tests.chaos.theatre import Theatre
from tests.chaos.watch import TOPICS, Watch

SPEED = ("--picture-seconds", "0.15", "--token-seconds", "0.001", "--load-seconds", "0.05")
QUIET_SECONDS = 1.5
Judged: TypeAlias = tuple[Figures, dict[str, list[Any]]]
"""Figures, and each invariant that did not hold with what was found."""


async def judge_ledger(scene: Scene, healed: float) -> Judged:
    """Wait until all is at rest, and hold what is left against the invariants."""
    await scene.come_to_rest()
    rest = time.monotonic() - healed
    scene.journal.note("at rest")
    broken = await _find_restless(scene)
    evidence = await _gather(scene)
    broken |= evidence.find_broken() | evidence.find_unfinished()
    if errors := [error for service in scene.world.services for error in service.errors()]:
        broken["no error is logged"] = errors
    figures = count(evidence, rest, scene.letters)
    broken |= {name: [n] for name, n in (("failed", figures.failed), ("letters", figures.letters)) if n}
    return figures, broken


@dataclass(frozen=True)
class Program:
    """`play` breaks things while the scene's services work, and has mended everything when it returns."""

    number: str
    name: str
    about: str
    play: Callable[[Scene], Awaitable[None]]
    judge: Callable[[Scene, float], Awaitable[Judged]] = judge_ledger
    options: tuple[str, ...] = SPEED
    slots: int = 4


@dataclass(frozen=True)
class Outcome:
    """What a program came to."""

    program: Program
    seed: int
    quick: bool
    faults: dict[str, int]
    figures: Figures
    broken: dict[str, list[Any]]
    notes: dict[str, object]
    seconds: float
    lines: list[str] = field(repr=False)


async def perform(
    program: Program, theatre: Theatre, seed: int, *, quick: bool, tell: Callable[[str], None]
) -> Outcome:
    """Play a program, heal, wait until all is at rest, and judge what is left."""
    journal = Journal(tell)
    journal.note(f"{program.number} {program.name}, seed {seed}")
    async with _open_scene(program, theatre, random.Random(seed), quick=quick, journal=journal) as scene:
        watch = Watch(scene.world)
        async with _running(watch.run()):
            try:
                await program.play(scene)
            finally:
                await scene.heal()
            journal.note("healed")
            figures, broken = await program.judge(scene, time.monotonic())
        broken = broken | watch.find_broken() | scene.broken
        scene.notes["looks"] = watch.looks
    seconds = time.monotonic() - journal.began
    for name, found in broken.items():
        journal.note(f"BROKEN {name}: {str(found[:3])[:500]}")
    return Outcome(program, seed, quick, dict(journal.faults), figures, broken, scene.notes, seconds, journal.lines)


async def _gather(scene: Scene) -> Evidence:
    evidence = await gather(scene.world, scene.people)
    offsets = {topic: await scene.world.wire.committed(topic) for topic in TOPICS}
    return replace(evidence, offsets=offsets, lease=LEASE)


async def _find_restless(scene: Scene) -> dict[str, list[Any]]:
    """I18: a quiet library stays quiet. Sweeps go on meanwhile."""

    async def look() -> list[Any]:
        changed = await scene.world.pool.fetchrow(
            "SELECT (SELECT max(changed_at) FROM bildwerk.jobs), (SELECT count(*) FROM bildwerk.runs)"
        )
        return [*changed, len(await scene.world.wire.read(Topic.STAGE_COMPLETED))]

    before = await look()
    await asyncio.sleep(QUIET_SECONDS)
    after = await look()
    return {} if before == after else {"I18 a quiet library stays quiet": [before, after]}


@asynccontextmanager
async def _open_scene(
    program: Program, theatre: Theatre, dice: random.Random, *, quick: bool, journal: Journal
) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as exits:
        world = await exits.enter_async_context(theatre.open_world(program.slots, program.options))
        port = int(world.ollama.url.rpartition(":")[2])
        door = await exits.enter_async_context(open_door(port, random.Random(dice.randrange(2**32))))
        world.settings["OLLAMA_HOST"] = f"http://{door.address}={program.slots}"
        for one in (theatre.database_door, theatre.broker_door):
            one.dice.seed(dice.randrange(2**32))
        yield Scene(theatre, world, dice, quick, journal, door, exits)


@asynccontextmanager
async def _running(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        if task.done():
            task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
