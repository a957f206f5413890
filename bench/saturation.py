"""How near the service comes to the least time in which a server's slots could have made its calls.

The floor is the greater of two: all the time that calls held slots, divided by the slots; and that of the medium whose
calls took longest together, for a medium's calls come one after the other. Call times are drawn, lognormal. Pictures
are prepared before: what is measured is claiming, asking, and settling.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

import httpx

from bench.backlog import make_backlog
from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.forcing import Forcing
from bench.hearing import Event, hear
from bench.services import create_database, make_kafka, make_settings, run_statement
from bench.usage import take_cpu, take_programs
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from bildwerk.sandbox.stack import start_stack
from bildwerk.settings import Settings
from bildwerk.wiring import wire
from db.migrate import migrate
from db.pool import Database, connect

JOBS: Final = ("ollama_caption", "ollama_title")
LOOK_SECONDS: Final = 0.5
SECONDS: Final = 1200.0
Call: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """So many media with two calls each on so many slots; a call takes `mean` seconds, as widely as `spread` says.

    `hot` media, the last ones in line, are forced again until each was done `times` times.
    """

    slots: int
    media: int
    mean: float
    spread: float
    hot: int = 0
    times: int = 1

    @property
    def calls(self) -> int:
        """Calls to be made."""
        return len(JOBS) * (self.media + self.hot * (self.times - 1))

    @property
    def forced(self) -> range:
        """The media that are forced."""
        return range(self.media + 1 - self.hot, self.media + 1)


FEW, SLOW, MANY = "8 slots, calls of 0.8 s", "8 slots, calls of 4 s", "64 slots, calls of 8 s"
SKEWED = "8 slots, 30 % of the work on 4 media, calls of 2 s"
LONG_FEW, LONG_MANY = "8 slots, calls of 2 s", "64 slots, calls of 1.5 s"
CASES: Final[Mapping[str, Case]] = {
    FEW: Case(8, 760, 0.8, 0.25),
    SLOW: Case(8, 96, 4.0, 0.25),
    MANY: Case(64, 384, 8.0, 0.2),
    SKEWED: Case(8, 160, 2.0, 0.25, hot=4, times=16),
}
QUICK: Final[Mapping[str, Case]] = {
    FEW: Case(8, 16, 0.1, 0.25),
    SLOW: Case(8, 8, 0.2, 0.25),
    MANY: Case(64, 64, 0.2, 0.2),
    SKEWED: Case(8, 16, 0.1, 0.25, hot=2, times=4),
}
DAYS: Final[Mapping[int, Mapping[str, Case]]] = {
    8: {LONG_FEW: Case(8, 760, 2.0, 0.25)},
    64: {LONG_MANY: Case(64, 5900, 1.5, 0.2)},
}
"""By slots, until the longest chain is a fiftieth of the floor: five to seven minutes, with calls of a real length."""
QUICK_DAYS: Final[Mapping[int, Mapping[str, Case]]] = {
    8: {LONG_FEW: Case(8, 16, 0.2, 0.25)},
    64: {LONG_MANY: Case(64, 100, 0.2, 0.2)},
}


@dataclass(frozen=True, slots=True)
class Done:
    """The calls of a run, what the service logged of its media, and CPU seconds by program."""

    case: Case
    calls: Sequence[Call]
    media: Sequence[Event]
    cpu: Mapping[str, float]
    chains: Mapping[str, Sequence[Call]] = field(init=False)

    def __post_init__(self) -> None:
        chains: dict[str, list[Call]] = defaultdict(list)
        for call in sorted(self.calls, key=lambda call: call["start"]):
            chains[call["media"]].append(call)
        object.__setattr__(self, "chains", chains)

    @property
    def makespan(self) -> float:
        """Seconds from the first call's start to the last one's end."""
        return float(max(call["end"] for call in self.calls) - min(call["start"] for call in self.calls))

    @property
    def share(self) -> float:
        """Seconds of all slots that calls held, divided by the slots."""
        return _hold(self.calls) / self.case.slots

    @property
    def longest(self) -> float:
        """Seconds of the calls of one medium, of the one that took longest."""
        return max(map(_hold, self.chains.values()))

    @property
    def busy(self) -> float:
        """The share of slot time that calls held as long as there was a medium that nobody had asked about."""
        began = min(call["start"] for call in self.calls)
        until = max(chain[0]["start"] for chain in self.chains.values())
        held = sum(min(call["end"], until) - call["start"] for call in self.calls if call["start"] < until)
        return float(held / (self.case.slots * (until - began)))

    @property
    def inversions(self) -> int:
        """Calls of a medium that began before the one before them had ended, or that another should have preceded."""
        overlaps: int = sum(b["start"] < a["end"] for chain in self.chains.values() for a, b in pairwise(chain))
        wrong: int = sum(
            call["job"] != JOBS[number % len(JOBS)]
            for chain in self.chains.values()
            for number, call in enumerate(chain)
        )
        return overlaps + wrong


def _hold(calls: Sequence[Call]) -> float:
    return float(sum(call["end"] - call["start"] for call in calls))


async def measure(cases: Mapping[str, Case], quick: Mapping[str, Case], plan: Plan) -> AsyncGenerator[Round, None]:
    """Work off each backlog, each on a new database and a new server."""
    cases = quick if plan.quick else cases
    async with start_stack(slots=None) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        for number in plan.numbers:
            done: dict[str, Done] = {}
            for name in take_turns([*cases], number):
                folder = plan.folder / f"{number}-{len(done)}"
                folder.mkdir()
                database = await create_database(stack.database_url, template)
                done[name] = await _work_off(stack, database, folder, cases[name])
            yield _make_round({name: done[name] for name in cases})


def _make_round(done: Mapping[str, Done]) -> Round:
    assert not any(call["given_up"] for one in done.values() for call in one.calls)
    return {
        "share": {name: max(one.share, one.longest) / one.makespan for name, one in done.items()},
        "busy": {name: one.busy for name, one in done.items()},
        "margin": {name: one.share / one.longest for name, one in done.items()},
        "inversions": {name: float(one.inversions) for name, one in done.items()},
        "idle": {name: median(event["idle_ms"] for event in one.media) for name, one in done.items()},
        "between": {name: median(event["between_ms"] for event in one.media) for name, one in done.items()},
        "cpu": {
            f"{program}, {name}": 1000 * seconds / len(one.calls)
            for name, one in done.items()
            for program, seconds in one.cpu.items()
        },
        "load": {name: sum(one.cpu.values()) / one.makespan for name, one in done.items()},
    }


async def _work_off(stack: Stack, database: str, folder: Path, case: Case) -> Done:
    options = ("--load-seconds", "0", "--call-seconds", str(case.mean), "--call-spread", str(case.spread))
    async with AsyncExitStack() as exits:
        server = await start_simulated_ollama(folder, case.slots, options)
        exits.push_async_callback(server.process.stop)
        kafka = await make_kafka(stack.kafka_bootstrap_servers)
        hosts = f"{server.url}={case.slots}"
        settings = make_settings(database, kafka, hosts, folder, job_types=JOBS)
        connection = await connect(Database(database))
        try:
            await make_backlog(connection, settings, range(1, case.media + 1))
        finally:
            await connection.close()
        await run_statement(database, "VACUUM ANALYZE")  # as autovacuum would have by then
        forcing = Forcing(kafka, case.forced, JOBS[-1], case.times)
        await exits.enter_async_context(forcing)
        media: list[Event] = []
        exits.enter_context(hear("medium.ended", media.append))
        exits.enter_context(hear("job.ended", forcing.note))
        return await _serve(stack, settings, server, case, media)


async def _serve(stack: Stack, settings: Settings, server: Simulated, case: Case, media: list[Event]) -> Done:
    """Run the service until every call was made."""
    stop = asyncio.Event()
    async with httpx.AsyncClient(base_url=server.control_url, trust_env=False) as control, wire(settings) as service:
        await service.fleet.look()
        before = _measure_cpu(stack, server)
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            group.create_task(service.run(stop))
            while not await _are_made(control, case.calls):
                await asyncio.sleep(LOOK_SECONDS)
            cpu = {name: seconds - before[name] for name, seconds in _measure_cpu(stack, server).items()}
            stop.set()
        calls = (await control.get("/control/calls")).raise_for_status().json()["calls"]
    assert len(calls) == case.calls, "nothing is asked twice"
    return Done(case, calls, media, cpu)


async def _are_made(control: httpx.AsyncClient, calls: int) -> bool:
    state = (await control.get("/control/state")).raise_for_status().json()
    return bool(state["calls"] >= calls and not state["running"] and not state["queued"])


def _measure_cpu(stack: Stack, server: Simulated) -> dict[str, float]:
    below = take_programs(stack.pid)
    database = sum(seconds for name, seconds in below.items() if name.startswith("postgres"))
    ours = sum(os.times()[:4])
    simulated = take_cpu(server.process.pid)
    return {"service": ours, "PostgreSQL": database, "broker": sum(below.values()) - database, "server": simulated}


ABOUT = "how near the service comes to the least time in which the slots could have made its calls"
TABLES = {
    "share": Table("least time by time by the clock (goals: 0.97 with 8 slots, 0.95 with 64, 0.952 skewed)", "of 1"),
    "busy": Table("slot time held by calls as long as there were media that nobody had asked about", "of 1"),
    "margin": Table("slot time / slots by that of the medium that took longest", "times"),
    "inversions": Table("calls of a medium that overlap, or come in another order than planned", "calls"),
    "idle": Table("for how long a slot was free before a medium was claimed, median", "ms"),
    "between": Table("time of a medium's lease that is no call, median", "ms"),
    "cpu": Table("CPU time by process", "ms per call"),
    "load": Table("cores in use, the simulated server's too", "cores"),
}
COMPARISON = Comparison("saturation", ABOUT, TABLES, partial(measure, CASES, QUICK), simulated=True)
ALL_DAY = [
    Comparison(f"saturation-{slots}", ABOUT, TABLES, partial(measure, cases, QUICK_DAYS[slots]), simulated=True)
    for slots, cases in DAYS.items()
]
