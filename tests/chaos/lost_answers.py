"""F24: PostgreSQL, the broker and Ollama do what they are asked, and their answers never arrive."""

import asyncio
import time

from tests.chaos.program import Program
from tests.chaos.proxy import Mood
from tests.chaos.scene import Scene

CUT, MUTE = 0.01, 0.002
"""Of PostgreSQL's answers: a transaction is a dozen of them."""


async def play(scene: Scene) -> None:
    """Every answer has its chance to be thrown away, with or without a reset; every connection of being refused."""
    for _ in range(2):
        await scene.serve(call_timeout_seconds=8)
    doors = (scene.theatre.database_door, scene.theatre.broker_door, scene.ollama_door)
    async with scene.uploads(scene.choose(20, 200)):
        await scene.done(0.05)
        doors[0].mood = Mood(cut=CUT, mute=scene.choose(0.0, MUTE), refuse=0.05)
        # Silence is not for this broker: a group whose member was not answered stays without a leader for ever in it.
        doors[1].mood = Mood(cut=0.05, refuse=0.05)
        # A call that is broken off counts as a try of the job, which has three.
        doors[2].mood = Mood(cut=0.03, mute=scene.choose(0.0, 0.01))
        await _last(scene, scene.choose(8, 90))
        await scene.heal()  # what is still to come would take a quarter of an hour among faults
    for door, name in zip(doors, ("PostgreSQL's", "the broker's", "Ollama's"), strict=True):
        scene.journal.fault(f"{name} answers lost", times=door.struck)


async def _last(scene: Scene, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(scene.dice.uniform(3.0, 6.0))
        scene.journal.fault("Ollama refuses", "for 1 s")
        await scene.world.spoil("refuse", seconds=1.0)


PROGRAM = Program(
    "F24", "lost-answers", "answers of PostgreSQL, the broker and Ollama lost after the work was done; refusals", play
)
