"""How fast events are planned: a topic read again when all is done, and for the first time; and read, no more.

The clock runs from the first batch to the last, so that joining the group is left out. No fsync.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import uuid4

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.library import finish_all, make_planner
from bench.services import announce, create_database, make_kafka, run_statement
from bildwerk.sandbox.stack import start_stack
from consumers.intake import Intake
from consumers.kafka import KafkaSettings, make_consumer
from contracts.topics import Topic
from db.migrate import migrate
from db.pool import Database, open_pool
from handlers.runner.planning import Planned

BATCH = 500
PASSES = 10
SECONDS = 300.0
MEDIA = "INSERT INTO public.media (path, hash) SELECT n || '.jpg', md5(n::text) FROM generate_series(1, $1::int) n"
FIRST, AGAIN, RAW = "planned for the first time", "planned again", "aiokafka alone"


@dataclass
class Pace:
    """Events by the time at which their batch was through."""

    expected: int
    seen: int = 0
    todo: int = 0
    marks: list[tuple[float, int]] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, events: int) -> None:
        """A batch is through."""
        self.seen += events
        self.marks.append((time.perf_counter(), self.seen))
        if self.seen >= self.expected:
            self.complete.set()

    def note_planned(self, planned: Planned) -> None:
        """As above; every event of the topic is of another medium, so that media are events."""
        self.todo += planned.changed + planned.uninspected + planned.due
        self.note(planned.media)

    @property
    def rate(self) -> float:
        """Events per second after the first batch."""
        (began, first), (ended, last) = self.marks[0], self.marks[-1]
        return (last - first) / (ended - began)


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Take the same topic in each way, with a new group every time."""
    media = range(1, 1 + (1_500 if plan.quick else 6_000))
    async with start_stack(slots=None, fsync=False) as stack:
        kafka = await make_kafka(stack.kafka_bootstrap_servers)
        await announce(kafka, media)
        new = await create_database(stack.database_url)
        await migrate(new)
        await run_statement(new, MEDIA, len(media))
        done = await create_database(stack.database_url, new)
        async with open_pool(Database(done)) as pool:
            await finish_all(pool, media)
        for database in (new, done):
            await run_statement(database, "VACUUM ANALYZE")  # as autovacuum would have by then
        ways: dict[str, Callable[[KafkaSettings, int], Awaitable[float]]] = {
            AGAIN: partial(_plan, stack.database_url, done, idle=True),
            FIRST: partial(_plan, stack.database_url, new, idle=False),
            RAW: _read,
        }
        for number in range(plan.rounds):
            yield {"rate": {way: await ways[way](_regroup(kafka), len(media)) for way in take_turns([*ways], number)}}


def _regroup(kafka: KafkaSettings) -> KafkaSettings:
    """The same topics for a group that has read nothing."""
    return replace(kafka, group=f"bench-{uuid4().hex[:12]}")


async def _plan(server: str, template: str, kafka: KafkaSettings, events: int, *, idle: bool) -> float:
    """Events per second of our intake on a copy of a database; `idle` says that all is done, else all is new."""
    pace, stop = Pace(events), asyncio.Event()
    async with open_pool(Database(await create_database(server, template))) as pool:
        intake = Intake(pool, make_planner(), kafka, pace.note_planned, BATCH)
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            group.create_task(intake.run(stop))
            await pace.complete.wait()
            stop.set()
    assert pace.todo == (0 if idle else events)
    return pace.rate


async def _read(kafka: KafkaSettings, events: int) -> float:
    """Events per second of aiokafka's `getmany` with a commit per batch, as our intake does, and nothing else.

    The topic is read several times over: all of it fits into what is fetched before the clock starts.
    """
    pace = Pace(events * PASSES)
    consumer = make_consumer(kafka)
    consumer.subscribe([kafka.name(Topic.MEDIA_CREATED)])
    await consumer.start()
    try:
        async with asyncio.timeout(SECONDS):
            while not pace.complete.is_set():
                batches = await consumer.getmany(timeout_ms=500, max_records=BATCH)
                if batches:
                    await consumer.commit()
                    pace.note(sum(map(len, batches.values())))
                    if pace.seen % events == 0:
                        await consumer.seek_to_beginning()
    finally:
        await consumer.stop()
    return pace.rate


COMPARISON = Comparison(
    "replay",
    "events per second of a media.created topic: planned again, planned first, and only read",
    {"rate": Table("events of one topic", "events per second", AGAIN)},
    measure,
)
