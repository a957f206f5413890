"""F12: members join and leave the group all the time, while one that works stays."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from consumers.intake import Intake
from consumers.reader import Message
from contracts.topics import Topic
from db.pool import Database, Pool, open_pool
from handlers.runner.planning import Planner
from tests.chaos.program import Program
from tests.chaos.scene import PATIENCE, Scene
from tests.ledger import TEXTS, choose

MEMBERS = 4


@dataclass
class Counting(Intake):
    """An intake that counts what it was given."""

    taken: int = 0

    async def take(self, messages: Sequence[Message]) -> None:
        """Plan a batch."""
        self.taken += len(messages)
        await super().take(messages)


@dataclass
class Member:
    """One that comes and goes."""

    make: Callable[[], Counting]
    intakes: list[Counting] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def join(self) -> None:
        """Come."""
        self.stop = asyncio.Event()  # who is leaving still looks at the one before
        self.intakes.append(self.make())
        self.task = asyncio.create_task(self.intakes[-1].run(self.stop))

    def leave(self, *, politely: bool) -> asyncio.Task[None]:
        """Go, or be gone in the middle of anything; what is still going on."""
        assert self.task is not None
        task, self.task = self.task, None
        if politely:
            self.stop.set()
        else:
            task.cancel()
        return task


async def play(scene: Scene) -> None:
    """Every 500 ms at most one of them joins or leaves, a third of them without a word to its batch."""
    service = await scene.serve()
    await service.said("service.started", PATIENCE)
    async with open_pool(Database(scene.world.database, pool_size=5)) as pool:
        members = [_make(scene, pool) for _ in range(MEMBERS)]
        leaving: list[asyncio.Task[None]] = []
        try:
            async with scene.uploads(scene.choose(30, 600), rate=8.0):
                end = time.monotonic() + scene.choose(6, 60)
                while time.monotonic() < end:
                    await scene.pause(0.1, 0.5)
                    _toggle(scene, scene.dice.choice(members), leaving)
        finally:
            leaving += [member.leave(politely=True) for member in members if member.task]
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*leaving, return_exceptions=True)
    await scene.world.wire.taken_in(Topic.MEDIA_CREATED, PATIENCE)
    taken = sum(intake.taken for member in members for intake in member.intakes)
    by_service = sum(event["messages"] for event in service.events("intake.planned"))
    told = len(await scene.world.wire.read(Topic.STAGE_COMPLETED))
    scene.notes["taken"], scene.notes["sent"] = taken + by_service, len(scene.world.wire.sent) + told
    if any(call["given_up"] for call in await scene.world.calls()):
        scene.broken["no call is given up for a rebalance"] = [1]


def _make(scene: Scene, pool: Pool) -> Member:
    return Member(lambda: Counting(pool, Planner(choose(*TEXTS)), scene.world.wire.settings, batch=20))


def _toggle(scene: Scene, member: Member, leaving: list[asyncio.Task[None]]) -> None:
    if member.task is None:
        scene.journal.fault("join")
        member.join()
    else:
        politely = scene.dice.random() < 2 / 3
        scene.journal.fault("leave" if politely else "vanish")
        leaving.append(member.leave(politely=politely))


PROGRAM = Program("F12", "rebalances", "four members join, leave and vanish every 100 to 500 ms", play)
