"""How many stage runs a second several processes make, with a model that answers at once, and who takes the time."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.chains import choose_settings, make_waiting, start_instant_model, wait_until_done
from bench.processes import run_command
from bench.services import create_database
from bench.usage import find_postgres, take_cpu
from bildwerk.sandbox.addresses import Stack
from db.pool import Connection, Database, open_pool

PROCESSES = (1, 2, 4)
SLOTS = 8
SECONDS = 300.0
SETTLE_SECONDS, IDLE_SECONDS = 5.0, 3.0
"""Until all have joined the group and looked for work; and as long as what they do then is looked at."""
HOLD = "UPDATE bildwerk.media SET run_at = now() + interval '1 day'"
FREE = "UPDATE bildwerk.media SET run_at = now()"
RUNS = """
SELECT count(*) AS runs, count(*) FILTER (WHERE host <> '') AS calls,
    extract(epoch FROM max(ended_at) - min(started_at))::float8 AS seconds
FROM bildwerk.runs WHERE outcome = 'done'
"""
JOBS = "SELECT count(*) FROM bildwerk.jobs"


@dataclass(frozen=True, slots=True)
class Pace:
    """Stage runs per second from the first one's start to the last one's end; milliseconds of CPU of each, by whom.

    `idle` are milliseconds of CPU a second, all of them together, while there is nothing to do.
    """

    rate: float
    cpu: Mapping[str, float]
    idle: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """Pictures that wait in a database, which is copied for every run."""

    stack: Stack
    folder: Path
    database: str

    async def run(self, processes: int) -> Pace:
        """Do all of them by so many services, which are there and idle when the first may begin."""
        database = await create_database(self.stack.database_url, self.database)
        async with (
            open_pool(Database(database)) as pool, pool.acquire() as connection,
            start_instant_model(self.folder, SLOTS) as model, AsyncExitStack() as exits,
        ):  # fmt: skip
            chosen = await choose_settings(self.stack, self.folder, database, model, SLOTS)
            await connection.execute(HOLD)
            services = [
                await exits.enter_async_context(run_command(self.folder, chosen, "serve")) for _ in range(processes)
            ]
            for service in services:
                await service.wait_until_started()
            ours, theirs = [service.process.pid for service in services], await find_postgres(connection)
            parties = {"bildwerk": ours, "PostgreSQL": [theirs], "the simulated model": [model.process.pid]}
            idle = await _measure_idle(parties)
            before = {who: take_cpu(*pids) for who, pids in parties.items()}
            await connection.execute(FREE)
            async with asyncio.timeout(SECONDS):
                await wait_until_done(pool, await connection.fetchval(JOBS))
            used = {who: take_cpu(*pids) - before[who] for who, pids in parties.items()}
            return await _count(connection, used, idle)


async def _measure_idle(parties: Mapping[str, Sequence[int]]) -> float:
    await asyncio.sleep(SETTLE_SECONDS)
    pids = [pid for party in parties.values() for pid in party]
    before = take_cpu(*pids)
    await asyncio.sleep(IDLE_SECONDS)
    return 1000 * (take_cpu(*pids) - before) / IDLE_SECONDS


async def _count(connection: Connection, used: Mapping[str, float], idle: float) -> Pace:
    found = await connection.fetchrow(RUNS)
    costs = {who: 1000 * seconds / found["runs"] for who, seconds in used.items()}
    return Pace(found["runs"] / found["seconds"], costs, idle)


async def prepare_throughput(stack: Stack, folder: Path, pictures: int) -> Throughput:
    """Bring so many pictures in."""
    folder.mkdir()
    database, _ = await make_waiting(stack, folder, pictures)
    return Throughput(stack, folder, database)
