"""F21: SIGTERM at any moment, and a second one on top."""

import asyncio
import signal
import time

from tests.acceptance.world import Service
from tests.chaos.program import Program
from tests.chaos.proxy import Mood
from tests.chaos.scene import Scene

GRACE = 5.0
LEEWAY = 30.0
"""Seconds more than the grace that a stop may take here: on a machine that others use, with the broker away."""
STATES = ("at work", "broker away", "second signal", "Ollama hanging", "starting")
OWNERS = """
    SELECT owner FROM bildwerk.media WHERE owner IS NOT NULL UNION SELECT owner FROM bildwerk.slots WHERE until > now()
"""


async def play(scene: Scene) -> None:
    """Stop the only process again and again, each time in another state; another one takes its place."""
    async with scene.uploads(scene.choose(20, 200), rate=1.5):
        for number in range(scene.choose(3, 50)):
            state = STATES[number % len(STATES)]
            service = await scene.serve(grace_seconds=GRACE)
            await _reach(scene, service, state)
            await _stop(scene, service, state)
            await scene.heal()
        await scene.serve()  # what is still to come waits until there is somebody to take it


async def _reach(scene: Scene, service: Service, state: str) -> None:
    if state == "starting":
        await scene.pause(0.0, 2.0)
        return
    await service.said("service.started", 120)
    if state == "broker away":
        scene.theatre.broker_door.mood = Mood(hole=True)
    elif state == "Ollama hanging":
        await scene.world.spoil("hang")
    await scene.pause(0.0, 2.0)


async def _stop(scene: Scene, service: Service, state: str) -> None:
    """Exit status 0 within the grace, and nothing is held any more; a second signal only has to be quick."""
    scene.journal.fault(f"SIGTERM, {state}")
    scene.alive.remove(service)
    working, began = bool(service.events("service.started")), time.monotonic()
    service.send(signal.SIGTERM)
    if state == "second signal":
        await scene.pause(0.0, 0.3)
        if service.process.returncode is None:
            service.send(signal.SIGTERM)
    async with asyncio.timeout(GRACE + LEEWAY + 60):
        status = await service.process.wait()
    took = time.monotonic() - began
    cut = state == "second signal"
    if took > GRACE + LEEWAY:
        scene.broken.setdefault("I15 stops in time", []).append((state, took))
    if working and not cut:
        if status != 0:
            scene.broken.setdefault("I15 exit status 0", []).append((state, status))
        if held := await scene.world.pool.fetch(OWNERS):
            scene.broken.setdefault("I15 gives everything back", []).append((state, len(held)))
    if "Traceback" in service.log:
        scene.broken.setdefault("no traceback", []).append((state, service.process.read_tail()))


PROGRAM = Program("F21", "stops", "SIGTERM in every state; a second SIGTERM", play)
