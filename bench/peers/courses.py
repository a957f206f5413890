"""What happens during a run: nothing, members join, leave, are restarted or die; and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from bench.peers.calls import Call, count_repeats
from bench.peers.ground import Ground
from bench.peers.workloads import make_even
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.process import Process

LOOK_SECONDS = 0.25
SETTLE_SECONDS = 2.0
"""So long nothing may happen after the last row: what is done again would have begun."""
QUIET_SECONDS = 25.0
"""So long nothing may happen before what has no row counts as lost: a dead member is missed after 6 s."""
JOIN, LEAVE, RESTART = 0.25, 0.6, 0.6
ROLL = (0.3, 0.6)
LEFT_WAVES, MOST_WAVES = 4, 60
"""While somebody has to come to work, so many waves of calls are always left; there are no more than the most."""

Course: TypeAlias = Callable[[Ground], Awaitable[Mapping[str, int]]]
"""Who comes and goes when; returns figures of its own by name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The model's log of a run, how many messages have no row in the end, and the course's own figures."""

    calls: list[Call]
    lost: int
    noted: Mapping[str, int]

    @property
    def repeats(self) -> int:
        """Calls beyond one for each message."""
        return count_repeats(self.calls)


async def run_through(ground: Ground) -> Mapping[str, int]:
    """One member from the beginning to the end."""
    await ground.join()
    return {}


async def join_and_leave(ground: Ground) -> Mapping[str, int]:
    """A second member from a quarter to three fifths; `second` is how many messages it did."""
    await ground.join()
    await _reach(ground, JOIN)
    second = await ground.join()
    await _reach(ground, LEAVE, second)
    await ground.leave(second)
    return {"second": await ground.count_work(second)}


async def roll(ground: Ground) -> Mapping[str, int]:
    """Two members, replaced one after the other; `least` is the fewest messages that one of the first three did."""
    first, second = await ground.join(), await ground.join()
    await _reach(ground, ROLL[0], first, second)
    await ground.leave(first)
    third = await ground.join()
    await _reach(ground, ROLL[1], second, third)
    await ground.leave(second)
    await ground.join()
    return {"least": min([await ground.count_work(member) for member in (first, second, third)])}


async def restart(ground: Ground) -> Mapping[str, int]:
    """Asked to stop at three fifths, and started again when it has."""
    first = await ground.join()
    await _reach(ground, RESTART, first)
    await ground.leave(first)
    await ground.join()
    return {}


async def die(ground: Ground, share: float) -> Mapping[str, int]:
    """Killed at some point, and started again at once; `under_way` is how many messages were begun and had no row."""
    first = await ground.join()
    await _reach(ground, share)
    await ground.kill(first)
    begun = {call.message for call in await ground.list_calls()}
    under_way = begun - await ground.list_done()
    await ground.join()
    return {"under_way": len(under_way)}


def name_courses(share: float) -> Mapping[str, Course]:
    """The disturbed courses; `share` of the calls have begun when a member dies."""
    return {"join": join_and_leave, "roll": roll, "restart": restart, "kill": partial(die, share=share)}


async def play(ground: Ground, course: Course) -> Outcome:
    """Run a course and wait until nothing happens any more. Raises SandboxError when a member breaks or none works."""
    noted = await course(ground)
    wanted, loop = set(ground.workload.messages), asyncio.get_running_loop()
    last, before = loop.time(), -1
    while True:
        ground.check()
        calls = await ground.list_calls()
        lost = len(wanted - await ground.list_done())
        if len(calls) != before or any(call.end is None for call in calls):
            last, before = loop.time(), len(calls)
        if loop.time() - last > (QUIET_SECONDS if lost else SETTLE_SECONDS):
            if not calls:
                raise SandboxError(f"{ground.contestant.name} did nothing for {QUIET_SECONDS:g} s")
            return Outcome(calls, lost, noted)
        await asyncio.sleep(LOOK_SECONDS)


async def _reach(ground: Ground, share: float, *working: Process) -> None:
    """Wait until so large a part of the messages has been begun and each of `working` has done something.

    There is more to do until they have: that a member goes who never worked tells nothing.
    """
    needed = share * len(ground.workload.messages)
    while True:
        ground.check()
        begun = len({call.message for call in await ground.list_calls()})
        idle = [member for member in working if not await ground.count_work(member)]
        if begun >= needed and not idle:
            return
        if idle and len(ground.workload.messages) - begun < LEFT_WAVES * ground.contestant.concurrency:
            await _go_on(ground, idle[0])
        await asyncio.sleep(LOOK_SECONDS / 5)


async def _go_on(ground: Ground, idle: Process) -> None:
    """One more wave. Raises SandboxError when there have been too many."""
    done, wave = len(ground.workload.messages), ground.contestant.concurrency
    if done + wave > MOST_WAVES * wave:
        raise SandboxError(f"{ground.name(idle)} did nothing during {done} calls of others: {idle.read_tail()}")
    await ground.extend(make_even(wave, max(ground.workload.seconds.values()), first=done + 1))
