"""How fast events are planned: a topic read again when all is done, and for the first time; and what that is made of.

Done is the whole chain: all eight jobs of every medium are terminal. The clock runs from the first batch to the last,
so that joining the group is left out. No fsync. Beside it, on the same broker in topics with as many partitions, what
bildwerk's peers take for doing nothing about their events.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from bench.chains import make_done
from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.copies import multiply
from bench.idlers import list_idlers
from bench.pace import Pace
from bench.peers.contestants import SLOTS
from bench.services import announce, create_database, make_kafka, run_statement
from bench.usage import find_postgres, take_cpu
from bildwerk.arguments import make_planner
from bildwerk.sandbox.stack import start_stack
from consumers.intake import Intake
from consumers.kafka import Consumer, KafkaSettings, make_consumer
from contracts.topics import Topic
from db.facts import ask_facts
from db.migrate import migrate
from db.pool import Connection, Database, Pool, open_pool
from handlers.runner.planning import Planner, PlanRequest

MEDIA = 100_000
PICTURES = 20
BATCH = 500
PASSES = 3
SECONDS = 600.0
NEW = "INSERT INTO public.media (path, hash) SELECT n || '.jpg', md5(n::text) FROM generate_series(1, $1::int) n"
ROWS = """
SELECT string_agg(format('SELECT %L, count(*), coalesce(sum(xmin::text::bigint), 0) FROM %I.%I',
    tablename, schemaname, tablename), ' UNION ALL ' ORDER BY schemaname, tablename)
FROM pg_tables WHERE schemaname IN ('public', 'bildwerk')
"""
"""The statement that tells whether any row of ours or of the platform's was written: counts, and who wrote them."""
FIRST, AGAIN, READ, LOADED, RAW = (
    "planned for the first time",
    "planned again",
    "the same batches read alone",
    "read, and facts made of it",
    "aiokafka alone",
)
PLANNED = {FIRST, AGAIN, READ, LOADED}
"""Where PostgreSQL is at work."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Events per second, and CPU milliseconds of 1000 events: ours, and those of PostgreSQL's processes."""

    rate: float
    ours: float = 0.0
    theirs: float = 0.0


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Take the same topic in each way, with a new group every time."""
    media = MEDIA // 100 if plan.quick else MEDIA
    async with start_stack(slots=None, fsync=False) as stack:
        kafka = await make_kafka(stack.kafka_bootstrap_servers, SLOTS)
        await announce(kafka, range(1, media + 1))
        done, settings = await make_done(stack, plan.folder, PICTURES)
        planner = make_planner(settings)
        async with open_pool(Database(done, command_timeout=SECONDS)) as pool, pool.acquire() as connection:
            async with connection.transaction():  # what was noticed last is remembered now, and not by every copy
                await planner.plan_media(connection, [PlanRequest(number) for number in range(1, PICTURES + 1)])
            await multiply(connection, planner, PICTURES, range(PICTURES + 1, media + 1))
        new = await create_database(stack.database_url)
        await migrate(new)
        await run_statement(new, NEW, media)
        await run_statement(new, "VACUUM ANALYZE")
        batches = await _list_batches(_regroup(kafka), media)
        ways: dict[str, Callable[[KafkaSettings], Awaitable[Figures]]] = {
            AGAIN: partial(_plan_again, done, planner, media),
            READ: partial(_read_alone, done, planner, batches),
            LOADED: partial(_load, done, planner, batches),
            FIRST: partial(_plan_first, stack.database_url, new, planner, media),
            RAW: partial(_poll, media),
            **{name: partial(_take_rate, take) for name, take in list_idlers(plan, media).items()},
        }
        await _read_alone(done, planner, batches, kafka)  # warm
        for number in plan.numbers:
            found = {way: await ways[way](_regroup(kafka)) for way in take_turns([*ways], number)}
            kept = {way: figures for way, figures in found.items() if way in PLANNED}
            yield {
                "rate": {way: figures.rate for way, figures in found.items()},
                "ours": {way: figures.ours for way, figures in kept.items()},
                "theirs": {way: figures.theirs for way, figures in kept.items()},
            }


async def _take_rate(take: Callable[[KafkaSettings], Awaitable[float]], kafka: KafkaSettings) -> Figures:
    async with asyncio.timeout(SECONDS):
        return Figures(await take(kafka))


def _regroup(kafka: KafkaSettings) -> KafkaSettings:
    """The same topics for a group that has read nothing."""
    return replace(kafka, group=f"bench-{uuid4().hex[:12]}")


async def _plan_again(database: str, planner: Planner, events: int, kafka: KafkaSettings) -> Figures:
    """By our intake, on a finished library, where not a row may be written."""
    async with open_pool(Database(database)) as pool:
        before = await _list_written(pool)
        figures, todo = await _plan(pool, planner, events, kafka)
        assert todo == 0
        written = set(await _list_written(pool)) - set(before)
        assert not written, f"finished work is left alone: {sorted(written)}"
    return figures


async def _plan_first(server: str, template: str, planner: Planner, events: int, kafka: KafkaSettings) -> Figures:
    """By our intake, on a copy of a database whose media are all new to it."""
    async with open_pool(Database(await create_database(server, template))) as pool:
        figures, todo = await _plan(pool, planner, events, kafka)
        assert todo == events
    return figures


async def _plan(pool: Pool, planner: Planner, events: int, kafka: KafkaSettings) -> tuple[Figures, int]:
    pace, stop = Pace(events), asyncio.Event()
    intake = Intake(pool, planner, kafka, pace.note_planned, BATCH)
    async with pool.acquire() as connection:
        server = await find_postgres(connection)
    ours, theirs = time.process_time(), take_cpu(server)
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(intake.run(stop))
        await pace.complete.wait()
        ours, theirs = time.process_time() - ours, take_cpu(server) - theirs
        stop.set()
    return Figures(pace.rate, ours * 1e6 / events, theirs * 1e6 / events), pace.todo


async def _list_written(pool: Pool) -> list[tuple[str, int, int]]:
    async with pool.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(await connection.fetchval(ROWS))]


async def _read_alone(
    database: str, planner: Planner, batches: Sequence[Sequence[int]], kafka: KafkaSettings
) -> Figures:
    """What planning reads of each batch, and nothing else: the same statements on the same ids, their rows unread."""
    del kafka

    async def read(connection: Connection, media_ids: list[int]) -> None:
        await connection.fetch(*ask_facts(media_ids, planner.chain.keys))

    return await _take_batches(database, batches, read)


async def _load(database: str, planner: Planner, batches: Sequence[Sequence[int]], kafka: KafkaSettings) -> Figures:
    del kafka

    async def make(connection: Connection, media_ids: list[int]) -> None:
        async for _snapshot in planner.stream(connection, media_ids):
            pass

    return await _take_batches(database, batches, make)


async def _take_batches(
    database: str, batches: Sequence[Sequence[int]], take: Callable[[Connection, list[int]], Awaitable[object]]
) -> Figures:
    pace = Pace(sum(map(len, batches)))
    async with open_pool(Database(database)) as pool, pool.acquire() as connection:
        server = await find_postgres(connection)
        ours, theirs = time.process_time(), take_cpu(server)
        for batch in batches:
            async with connection.transaction():
                await take(connection, sorted(batch))
            pace.note(len(batch))
        ours, theirs = time.process_time() - ours, take_cpu(server) - theirs
    return Figures(pace.rate, ours * 1e6 / pace.seen, theirs * 1e6 / pace.seen)


async def _list_batches(kafka: KafkaSettings, events: int) -> list[list[int]]:
    """The media of the topic, in batches as intake gets them."""
    batches: list[list[int]] = []
    async with _consuming(kafka) as consumer, asyncio.timeout(SECONDS):
        while sum(map(len, batches)) < events:
            got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            if got:
                batches.append([int(record.key) for records in got.values() for record in records])
    return batches


async def _poll(events: int, kafka: KafkaSettings) -> Figures:
    """Events per second of aiokafka's `getmany` with a commit per batch, as our intake does, and nothing else.

    The topic is read several times over.
    """
    pace = Pace(events * PASSES)
    async with _consuming(kafka) as consumer, asyncio.timeout(SECONDS):
        while not pace.complete.is_set():
            batches = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            if batches:
                await consumer.commit()
                pace.note(sum(map(len, batches.values())))
                if pace.seen % events == 0:
                    await consumer.seek_to_beginning()
    return Figures(pace.rate)


@asynccontextmanager
async def _consuming(kafka: KafkaSettings) -> AsyncGenerator[Consumer, None]:
    consumer = make_consumer(kafka)
    consumer.subscribe([kafka.name(Topic.MEDIA_CREATED)])
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


COMPARISON = Comparison(
    "replay",
    "events per second of a topic: planned again, planned first, what that is made of, and the peers' no-op",
    {
        "rate": Table("events of a topic", "events per second", READ),
        "ours": Table("CPU time of this process for 1000 events", "ms", READ),
        "theirs": Table("CPU time of PostgreSQL for 1000 events", "ms", READ),
    },
    measure,
)
