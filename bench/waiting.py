"""Backlogs of media that wait: what a claim costs, what they take on disk, and what a service beside them takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from bench.chains import LOOK_SECONDS, choose_settings, make_settings, make_waiting, start_instant_model
from bench.comparison import take_turns
from bench.copies import multiply
from bench.processes import Running, run_command
from bench.services import announce, create_database
from bench.usage import take_peak, take_running
from bildwerk.arguments import make_kafka, make_planner
from bildwerk.sandbox.addresses import Stack
from bildwerk.settings import Settings
from consumers.kafka import make_producer
from contracts.topics import Topic
from db import leases
from db.pool import Connection, Database, connect, open_pool
from db.queries import load
from db.reads import read_queues

PICTURES = 20
CLAIMS = 1_000
IN_A_ROW = 25
EVENTS = 5_000
HOST = ("bench:1", 4)
LEASE = timedelta(minutes=5)
PATIENCE = 1_800.0
RETRYING = ", 20 % in back-off"
SECONDS = 300.0
TABLES = ("public.media", "bildwerk.pictures", "bildwerk.media", "bildwerk.jobs")
RETRY = "UPDATE bildwerk.media SET run_at = now() + interval '1 day', priority = 10 WHERE id % 5 = 0"
SIZE = """
SELECT (sum(pg_table_size(c.oid)) / 1e6)::float8 AS tables, (sum(pg_indexes_size(c.oid)) / 1e6)::float8 AS indexes
FROM pg_class AS c WHERE c.relnamespace = 'bildwerk'::regnamespace AND c.relkind = 'r' AND c.relname ~ $1
"""
LEDGER, MEDIA = "", "^media$"
"""Which tables are added up, as regular expressions."""
UNDONE = """
SELECT count(*) FROM bildwerk.jobs
WHERE media_id <= $1 AND (status IN ('waiting', 'due') OR generation < $2)
"""
GENERATION = "SELECT max(generation) FROM bildwerk.jobs WHERE media_id <= $1"


@dataclass(frozen=True, slots=True)
class Claims:
    """Seconds of each claim, milliseconds that PostgreSQL was at one on average, and the pages that one looked at."""

    seconds: Sequence[float]
    cpu: float
    pages: float


@dataclass(frozen=True, slots=True)
class Served:
    """Megabytes that a service had at most, and milliseconds that counting what waits took."""

    peak: float
    look: float


@dataclass(frozen=True, slots=True)
class Size:
    """Megabytes on disk."""

    tables: float
    indexes: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """A database of media that wait; the first `whole` of them have pictures, jobs and rows of the platform's.

    `media` is the size of bildwerk.media alone, `ledger` of all our tables, where all of the media are whole.
    """

    stack: Stack
    folder: Path
    database: str
    whole: int
    media: Size
    ledger: Size | None

    async def serve(self) -> Served:
        """Let a service do the first pictures once more, plan events of others and sweep; returns what it took."""
        async with open_pool(Database(self.database)) as pool, start_instant_model(self.folder, HOST[1]) as model:
            chosen = await choose_settings(self.stack, self.folder, self.database, model, HOST[1])
            chosen |= {"sweep_seconds": "0.2", "log_level": "debug", "reuse_answers": "false"}
            settings = make_settings(chosen)
            async with pool.acquire() as connection:
                await connection.execute("UPDATE bildwerk.watches SET cursor = 0")
                generation = await connection.fetchval(GENERATION, PICTURES) + 1
            events = min(EVENTS, self.whole - PICTURES)
            await announce(make_kafka(settings), range(PICTURES + 1, PICTURES + 1 + events))
            async with run_command(self.folder, chosen, "serve") as service:
                await service.wait_until_started()
                await _force(settings)
                async with asyncio.timeout(SECONDS), pool.acquire() as connection:
                    while await connection.fetchval(UNDONE, PICTURES, generation) or _count_planned(service) < events:
                        await asyncio.sleep(LOOK_SECONDS)
                peak = take_peak(service.process.pid)
            async with pool.acquire() as connection:
                began = time.perf_counter()
                await read_queues(connection)
                return Served(peak, (time.perf_counter() - began) * 1000)


@dataclass
class Claimer:
    """Claims from a backlog on a connection of its own. `used` are seconds that PostgreSQL was at it."""

    connection: Connection
    pid: int
    seconds: list[float] = field(default_factory=list)
    used: float = 0.0

    async def claim(self) -> None:
        """Claim. What was claimed goes to the end of the line, so that as many go on waiting."""
        began, before = time.perf_counter(), take_running(self.pid)
        claim = await leases.claim(self.connection, uuid4(), LEASE, [HOST], oldest=len(self.seconds) % 8 == 7)
        self.seconds.append(time.perf_counter() - began)
        self.used += take_running(self.pid) - before
        assert claim is not None
        await leases.postpone(self.connection, claim.medium, timedelta(0))
        await leases.release(self.connection, claim.medium)
        await leases.release_slot(self.connection, claim.slot)


async def measure_claims(backlogs: Mapping[str, Backlog], claims: int) -> dict[str, Claims]:
    """So many claims from each, some from one after the other: what disturbs this machine disturbs all of them."""
    async with AsyncExitStack() as exits:
        claimers = {}
        for name, backlog in backlogs.items():
            connection = await exits.enter_async_context(_connecting(backlog.database))
            claimers[name] = Claimer(connection, await connection.fetchval("SELECT pg_backend_pid()"))
        for turn in range(claims // IN_A_ROW):
            for name in take_turns([*backlogs], turn):
                for _ in range(IN_A_ROW):
                    await claimers[name].claim()
        return {
            name: Claims(one.seconds, one.used * 1000 / len(one.seconds), await _count_pages(one.connection))
            for name, one in claimers.items()
        }


async def build_backlogs(
    stack: Stack, folder: Path, sizes: Mapping[str, int], *, most: int, later: Collection[str]
) -> dict[str, Backlog]:
    """One of each size; of those named in `later` also one where every fifth is to be tried again tomorrow.

    No more than `most` media are whole: those beyond them are only told to claims.
    """
    folder.mkdir()
    database, settings = await make_waiting(stack, folder, PICTURES)
    made, found = range(1, PICTURES + 1), {}
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        database = await create_database(stack.database_url, database)
        async with _connecting(database) as connection:
            await leases.register_slots(connection, [HOST])
            if whole := range(made.stop, min(size, most) + 1):
                await multiply(connection, make_planner(settings), PICTURES, whole, TABLES)
            if rest := range(max(made.stop, most + 1), size + 1):
                await multiply(connection, make_planner(settings), PICTURES, rest, ["bildwerk.media"])
            made = range(1, size + 1)
            media = Size(*await connection.fetchrow(SIZE, MEDIA))
            ledger = None if size > most else Size(*await connection.fetchrow(SIZE, LEDGER))
            found[name] = Backlog(stack, folder, database, min(size, most), media, ledger)
    for name in later:
        copy = await create_database(stack.database_url, found[name].database)
        async with _connecting(copy) as connection:
            await connection.execute(RETRY)
            await connection.execute("VACUUM ANALYZE")
        found[name + RETRYING] = replace(found[name], database=copy)
    return found


@asynccontextmanager
async def _connecting(database: str) -> AsyncIterator[Connection]:
    connection = await connect(Database(database, command_timeout=PATIENCE))
    try:
        yield connection
    finally:
        await connection.close()


async def _count_pages(connection: Connection) -> float:
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {load('leases')['leases_claim']}"
        (row,) = await connection.fetch(text, uuid4(), LEASE, False)
    finally:
        await transaction.rollback()
    top = row[0][0]["Plan"]
    return float(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


async def _force(settings: Settings) -> None:
    """Ask for the first pictures once more, before all others."""
    kafka = make_kafka(settings)
    producer = make_producer(kafka)
    await producer.start()
    try:
        for media_id in range(1, PICTURES + 1):
            event = b'{"media_id": %d, "force": true, "priority": 100}' % media_id
            await producer.send_and_wait(kafka.name(Topic.MEDIA_UPDATED), event, str(media_id).encode())
    finally:
        await producer.stop()


def _count_planned(service: Running) -> int:
    return sum(int(event["messages"]) for event in service.list_events("intake.planned")) - PICTURES
