"""The same handler (ask the simulated Ollama, write one row) on bildwerk and on its peers, side by side.

Each run has a topic, a group and a database of its own on one broker and one PostgreSQL. What is
counted is seen from outside: calls in the log of the simulated Ollama, rows in PostgreSQL.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.peers import calls, courses, idle
from bench.peers.contestants import BILDWERK, PEERS, SLOTS, Contestant, install_missing
from bench.peers.ground import Ground, Site, lay_out, open_site
from bench.peers.workloads import Workload, make_even, make_skewed
from bench.pictures import SMALL, fill
from bench.services import create_database, run_statement
from bildwerk.sandbox.stack import start_stack
from db.migrate import migrate

MEDIA = "INSERT INTO public.media (path) SELECT lpad(n::text, 4, '0') || '.jpg' FROM generate_series(0, $1::int - 1) n"
TABLE = "CREATE TABLE peer_rows (media_id bigint, job text, member int)"
SECONDS = 300.0
IDLE_SECONDS = 6
LEAST, MOST = 0.2, 0.8
"""Where in a run a member is killed."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to do.

    `media` and `seconds` of calls in the skewed work, `waves` of calls by which a member joins and leaves, or is
    stopped, each of `call` seconds; the most `events` about which nothing is done; which `courses`, and which
    `programs` if not all.
    """

    media: int
    seconds: float
    join_waves: int
    stop_waves: int
    call: float
    events: int
    courses: tuple[str, ...] = ("join", "restart", "kill")
    programs: tuple[str, ...] = ()

    def count(self, course: str, contestant: Contestant) -> int:
        """Messages of a disturbed course: one by one, fewer are done in the same time."""
        return contestant.concurrency * (self.join_waves if course == "join" else self.stop_waves)


FULL = Sizes(media=40, seconds=120.0, join_waves=22, stop_waves=8, call=1.0, events=20_000)
QUICK = Sizes(
    media=5,
    seconds=8.0,
    join_waves=3,
    stop_waves=3,
    call=0.3,
    events=200,
    courses=(),
    programs=("faststream_concurrent", "quixstreams_rows"),
)


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Everything, for each of those that are installed."""
    sizes = QUICK if plan.quick else FULL
    installed = install_missing()
    if absent := [peer.name for peer in PEERS if peer not in installed]:
        print(f"peers: not measured, for they cannot be installed here: {'; '.join(absent)}")
    contestants = [one for one in installed if not sizes.programs or one.program in ("", *sizes.programs)]
    most = max(sizes.media, *(sizes.count(course, BILDWERK) for course in ("join", "kill")))
    fill(plan.folder / "media", most, SMALL)
    async with start_stack(slots=None) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        await run_statement(template, MEDIA, most)
        await run_statement(template, TABLE)
        async with open_site(stack, template, plan.folder) as site:
            for number in range(plan.rounds):
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
            if name not in self.sizes.courses:
                continue
            even = make_even(self.sizes.count(name, contestant), self.sizes.call)
            await self._play(contestant, even, name, course)

    async def idle(self, contestant: Contestant) -> None:
        """Nothing is done about events; bildwerk has no such thing."""
        if contestant is not BILDWERK:
            events = min(self.sizes.events, IDLE_SECONDS * contestant.nothing)
            folder = self.folder / f"{contestant.program}-idle"
            servers = self.site.stack.kafka_bootstrap_servers
            self._note("idle", contestant, await idle.measure_idle(servers, contestant, events, folder))

    async def _play(
        self, contestant: Contestant, workload: Workload, name: str, course: Callable[[Ground], Awaitable[None]]
    ) -> courses.Outcome:
        folder = self.folder / f"{contestant.program or contestant.name}-{name}"
        async with asyncio.timeout(SECONDS), lay_out(self.site, contestant, workload, folder) as ground:
            outcome = await courses.play(ground, course)
        self._note(f"{name}_repeats", contestant, outcome.repeats)
        self._note(f"{name}_lost", contestant, outcome.lost)
        return outcome

    def _note(self, table: str, contestant: Contestant, figure: float) -> None:
        self.found[table][contestant.name] = figure


_COURSES = {
    "skewed": "skewed work, undisturbed",
    "join": "a second member joins at 25 % and leaves at 60 %",
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
        "idle": Table("nothing is done about events", "events per second"),
    },
    measure,
    simulated=True,
)
