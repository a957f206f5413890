"""How the cost grows: with the processes, and with what waits. Against a simulated model that answers at once."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.percentiles import take_percentile
from bench.throughput import PROCESSES, Throughput, prepare_throughput
from bench.waiting import CLAIMS, PICTURES, RETRYING, Backlog, build_backlogs, measure_claims
from bildwerk.sandbox.stack import start_stack

SMALLEST, LARGEST = "10 thousand", "1 million"
SIZES = {SMALLEST: 10_000, "100 thousand": 100_000, LARGEST: 1_000_000}
QUICK = {SMALLEST: 2 * PICTURES, LARGEST: 20 * PICTURES}
WHOLE = {True: 2 * PICTURES, False: 100_000}
"""So many media, by `quick`, have rows of the platform's, pictures and jobs."""


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Do the same pictures by more and more processes, then claim from, and work beside, longer and longer backlogs."""
    async with AsyncExitStack() as exits:
        swift = await exits.enter_async_context(start_stack(slots=None, fsync=False))
        safe = await exits.enter_async_context(start_stack(slots=None))
        sizes, folder = QUICK if plan.quick else SIZES, plan.folder / "backlog"
        backlogs = await build_backlogs(swift, folder, sizes, most=WHOLE[plan.quick], later={SMALLEST, LARGEST})
        throughput = await prepare_throughput(safe, plan.folder / "throughput", pictures=2 if plan.quick else 96)
        for number in plan.numbers:
            processes = PROCESSES[:2] if plan.quick else PROCESSES
            done = await _do(throughput, processes, number)
            yield {**done, **_list_sizes(backlogs), **await _wait(backlogs, number, quick=plan.quick)}


async def _do(throughput: Throughput, processes: Sequence[int], number: int) -> dict[str, Mapping[str, float]]:
    found = {}
    for one in take_turns(processes, number):
        found[one] = await throughput.run(one)
    names = {one: "1 process" if one == 1 else f"{one} processes" for one in found}
    costs = {f"{who}, {names[n]}": cost for n, one in found.items() for who, cost in one.cpu.items()}
    return {
        "runs": {names[n]: one.rate for n, one in found.items()},
        "run_cpu": costs,
        "idle_cpu": {names[n]: one.idle for n, one in found.items()},
    }


async def _wait(backlogs: Mapping[str, Backlog], number: int, *, quick: bool) -> dict[str, Mapping[str, float]]:
    claims = await claim_from(backlogs, quick=quick)
    served = {}
    for name in take_turns([*backlogs], number):
        served[name] = await backlogs[name].serve()
    return {
        **claims,
        "memory": {name: one.peak for name, one in served.items()},
        "look": {name: one.look for name, one in served.items()},
    }


async def claim_from(backlogs: Mapping[str, Backlog], *, quick: bool) -> dict[str, Mapping[str, float]]:
    """The figures of `CLAIM_TABLES`, by the backlog."""
    found = await measure_claims(backlogs, CLAIMS // 20 if quick else CLAIMS)
    return {
        "claim_p50": {name: take_percentile(one.seconds, 50, quick=quick) for name, one in found.items()},
        "claim_p99": {name: take_percentile(one.seconds, 99, quick=quick) for name, one in found.items()},
        "claim_cpu": {name: one.cpu for name, one in found.items()},
        "claim_pages": {name: one.pages for name, one in found.items()},
    }


def _list_sizes(backlogs: Mapping[str, Backlog]) -> dict[str, Mapping[str, float]]:
    media = {name: backlogs[name].media for name in _list_plain(backlogs)}
    ledgers = {name: one.ledger for name, one in backlogs.items() if name in media and one.ledger}
    return {
        "media_table": {name: size.tables for name, size in media.items()},
        "media_indexes": {name: size.indexes for name, size in media.items()},
        "tables": {name: size.tables for name, size in ledgers.items()},
        "indexes": {name: size.indexes for name, size in ledgers.items()},
    }


def _list_plain(backlogs: Mapping[str, Backlog]) -> list[str]:
    """Those where nothing is to be tried again."""
    return [name for name in backlogs if not name.endswith(RETRYING)]


CLAIM_TABLES = {
    "claim_p50": Table(f"the median of {CLAIMS} claims, by the media that wait", "ms", SMALLEST),
    "claim_p99": Table(f"99 of 100 of {CLAIMS} claims take at most", "ms", SMALLEST),
    "claim_cpu": Table("CPU time of PostgreSQL for a claim", "ms", SMALLEST),
    "claim_pages": Table("pages of PostgreSQL that a claim looks at", "pages", SMALLEST),
}
COMPARISON = Comparison(
    "scale",
    "how the cost grows with the processes that work and with the media that wait",
    {
        "runs": Table("stage runs, all job types of a picture", "runs per second", "1 process"),
        "run_cpu": Table("CPU time of a stage run, by whom", "ms"),
        "idle_cpu": Table("CPU time of all of them while there is nothing to do", "ms per second", "1 process"),
        **CLAIM_TABLES,
        "memory": Table("most memory of a service that plans, sweeps and works beside them", "MB", SMALLEST),
        "look": Table("counting what waits, for /metrics", "ms", SMALLEST),
        "media_table": Table("the table bildwerk.media alone: what waits, and for what", "MB", SMALLEST),
        "media_indexes": Table("the indexes of bildwerk.media", "MB", SMALLEST),
        "tables": Table("the ledger's tables", "MB", SMALLEST),
        "indexes": Table("the ledger's indexes", "MB", SMALLEST),
    },
    measure,
    simulated=True,
)
