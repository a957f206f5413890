"""What happens during a run: nothing, a member joins and leaves, a clean restart, a death; and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bench.peers.calls import Call, count_repeats
from bench.peers.ground import Ground, kill

LOOK_SECONDS = 0.25
SETTLE_SECONDS = 2.0
"""So long nothing may happen after the last row: what is done again would have begun."""
QUIET_SECONDS = 25.0
"""So long nothing may happen before what has no row counts as lost: a dead member is missed after 6 s."""
JOIN, LEAVE, RESTART = 0.25, 0.6, 0.6


@dataclass(frozen=True, slots=True)
class Outcome:
    """The model's log of a run, and how many messages have no row in the end."""

    calls: list[Call]
    lost: int

    @property
    def repeats(self) -> int:
        """Calls beyond one for each message."""
        return count_repeats(self.calls)


async def run_through(ground: Ground) -> None:
    """One member from the beginning to the end."""
    await ground.join()


async def join_and_leave(ground: Ground) -> None:
    """A second member from a quarter to three fifths."""
    await ground.join()
    await _reach(ground, JOIN)
    second = await ground.join()
    await _reach(ground, LEAVE)
    await second.stop(60.0)


async def restart(ground: Ground) -> None:
    """Asked to stop at three fifths, and started again when it has."""
    first = await ground.join()
    await _reach(ground, RESTART)
    await first.stop(60.0)
    await ground.join()


async def die(ground: Ground, share: float) -> None:
    """Killed at some point, and started again at once."""
    first = await ground.join()
    await _reach(ground, share)
    await kill(first)
    await ground.join()


def name_courses(share: float) -> Mapping[str, Callable[[Ground], Awaitable[None]]]:
    """The disturbed courses; `share` of the calls have begun when a member dies."""
    return {"join": join_and_leave, "restart": restart, "kill": partial(die, share=share)}


async def play(ground: Ground, course: Callable[[Ground], Awaitable[None]]) -> Outcome:
    """Run a course and wait until nothing happens any more."""
    await course(ground)
    wanted, loop = set(ground.workload.messages), asyncio.get_running_loop()
    last, before = loop.time(), -1
    while True:
        calls = await ground.list_calls()
        lost = len(wanted - await ground.list_done())
        if len(calls) != before or any(call.end is None for call in calls):
            last, before = loop.time(), len(calls)
        if loop.time() - last > (QUIET_SECONDS if lost else SETTLE_SECONDS):
            return Outcome(calls, lost)
        await asyncio.sleep(LOOK_SECONDS)


async def _reach(ground: Ground, share: float) -> None:
    """Wait until so large a part of the messages has been begun."""
    needed = share * len(ground.workload.messages)
    while len({call.message for call in await ground.list_calls()}) < needed:
        ground.check()
        await asyncio.sleep(LOOK_SECONDS / 5)
