"""The same handler (ask the simulated Ollama, write one row) on bildwerk and on its peers, side by side.

Each run has a topic, a group and a database of its own on one Apache Kafka and one PostgreSQL. The embedded
broker would not be fair to all: it numbers a group's first generation 0, from which some clients do not leave.
What is counted is seen from outside: calls in the log of the simulated Ollama, rows in PostgreSQL.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.peers import calls, courses, idle
from bench.peers.contestants import BILDWERK, PEERS, SLOTS, Contestant, install_missing
from bench.peers.ground import Site, lay_out, open_site
from bench.peers.workloads import Workload, make_even, make_skewed
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import prepare_kafka
from bildwerk.sandbox.stack import start_stack

SECONDS = 300.0
CALL_SECONDS = 1.0
IDLE_SECONDS = 6
LEAST, MOST = 0.2, 0.8
"""Where in a run a member is killed."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to do.

    `media` and `seconds` of calls in the skewed work; in each course that is to be played, how many `waves` of calls
    of `CALL_SECONDS` one member makes by itself; the most `events` about which nothing is done; which `programs` of
    peers if not all, and then only bildwerk's members come and go.
    """

    media: int
    seconds: float
    waves: Mapping[str, int]
    events: int
    programs: tuple[str, ...] = ()

    def count(self, course: str, contestant: Contestant) -> int:
        """Messages of a disturbed course: one by one, fewer are done in the same time."""
        return contestant.concurrency * self.waves[course]

    def disturbs(self, course: str, contestant: Contestant) -> bool:
        """Whether a course is played."""
        return course in self.waves and (contestant is BILDWERK or not self.programs)


FULL = Sizes(media=40, seconds=120.0, waves={"join": 12, "roll": 12, "restart": 8, "kill": 8}, events=20_000)
QUICK = Sizes(
    media=5,
    seconds=8.0,
    waves={"join": 12, "roll": 12},
    events=200,
    programs=("faststream_concurrent", "quixstreams_rows"),
)


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Everything, for each of those that are installed."""
    sizes, kafka = QUICK if plan.quick else FULL, await prepare_kafka(print)
    installed = install_missing()
    if absent := [peer.name for peer in PEERS if peer not in installed]:
        print(f"peers: not measured, for they cannot be installed here: {'; '.join(absent)}")
    contestants = [one for one in installed if not sizes.programs or one.program in ("", *sizes.programs)]
    most = max(sizes.media, courses.MOST_WAVES * SLOTS)
    async with start_stack(slots=None, kafka=kafka) as stack, open_site(stack, plan.folder, most) as site:
        for number in plan.numbers:
            bench = Bench(site, sizes, plan.folder / str(number))
            dice = random.Random(number)  # what is drawn in a round is the same for all
            skewed, share = make_skewed(dice, sizes.media, sizes.seconds), dice.uniform(LEAST, MOST)
            for contestant in take_turns(contestants, number):
                await bench.work(contestant, skewed)
                await bench.disturb(contestant, share)
                await bench.idle(contestant)
            yield bench.found


@dataclass
class Bench:
    """One round: `found` are its figures, by table and contestant."""

    site: Site
    sizes: Sizes
    folder: Path
    found: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    async def work(self, contestant: Contestant, skewed: Workload) -> None:
        """The skewed work, undisturbed."""
        outcome = await self._play(contestant, skewed, "skewed", courses.run_through)
        slowness = calls.measure_span(outcome.calls) / skewed.floor(SLOTS)
        self._note("over_floor", contestant, slowness)
        self._note("inversions", contestant, calls.count_inversions(outcome.calls))
        self._note("overlaps", contestant, calls.count_overlaps(outcome.calls))

    async def disturb(self, contestant: Contestant, share: float) -> None:
        """The courses on which members come and go."""
        for name, course in courses.name_courses(share).items():
            if self.sizes.disturbs(name, contestant):
                even = make_even(self.sizes.count(name, contestant), CALL_SECONDS)
                await self._play(contestant, even, name, course)

    async def idle(self, contestant: Contestant) -> None:
        """Nothing is done about events; bildwerk has no such thing."""
        if contestant is not BILDWERK:
            events = min(self.sizes.events, IDLE_SECONDS * contestant.nothing)
            folder = self.folder / f"{contestant.program}-idle"
            servers = self.site.stack.kafka_bootstrap_servers
            self._note("idle", contestant, await idle.measure_idle(servers, contestant, events, folder))

    async def _play(
        self, contestant: Contestant, workload: Workload, name: str, course: courses.Course
    ) -> courses.Outcome:
        folder = self.folder / f"{contestant.program or contestant.name}-{name}"
        # The time limit ends before the members are stopped: they would work on beside the next ones.
        try:
            async with lay_out(self.site, contestant, workload, folder) as ground, asyncio.timeout(SECONDS):
                outcome = await courses.play(ground, course)
        except TimeoutError:
            raise SandboxError(f"{contestant.name}, {_COURSES[name]}: not over within {SECONDS:g} s") from None
        for figure, number in outcome.noted.items():
            self._note(f"{name}_{figure}", contestant, number)
        self._note(f"{name}_repeats", contestant, outcome.repeats)
        self._note(f"{name}_lost", contestant, outcome.lost)
        return outcome

    def _note(self, table: str, contestant: Contestant, figure: float) -> None:
        self.found[table][contestant.name] = figure


_COURSES = {
    "skewed": "skewed work, undisturbed",
    "join": "a second member joins at 25 % and leaves at 60 %, when it has worked",
    "roll": "two members, replaced one after the other at 30 and 60 %",
    "restart": "stopped at 60 % and started again",
    "kill": "killed and started again",
}
COMPARISON = Comparison(
    "peers",
    "the same handler on bildwerk and on its peers: makespan, order, calls made twice and messages lost",
    {
        "over_floor": Table(
            f"skewed work: the clock over its floor with {SLOTS} calls at once", "times", BILDWERK.name
        ),
        "inversions": Table("skewed work: calls that began after a later one of their medium", "calls"),
        "overlaps": Table("skewed work: calls that began beside another of their medium", "calls"),
        **{f"{name}_repeats": Table(f"{what}: calls made again", "calls") for name, what in _COURSES.items()},
        **{f"{name}_lost": Table(f"{what}: without a row", "messages") for name, what in _COURSES.items()},
        "join_second": Table(f"{_COURSES['join']}: what it did", "messages"),
        "roll_least": Table(f"{_COURSES['roll']}: the least that one of the first three did", "messages"),
        "kill_under_way": Table(f"{_COURSES['kill']}: under way then, begun and without a row", "messages"),
        "idle": Table("nothing is done about events", "events per second"),
    },
    measure,
    simulated=True,
)
