"""`python -m tests.crash [matrix | storm] [--seed N]`: the crash matrix or the kill storm on parts of their own."""

import argparse
import asyncio
import random
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.stack import start_stack
from db.migrate import migrate
from tests.acceptance.conftest import FreshDatabase
from tests.acceptance.world import World, make_world
from tests.brokers import Broker
from tests.crash import matrix, storm
from tests.crash.cases import list_cases
from tests.forge import Forge

TEMPLATE = "template_crash"


async def run(seed: int, what: str = "matrix") -> str:
    """The figures of the crash matrix, or of the kill storm; AssertionError when an invariant does not hold."""
    options, worlds = (matrix.SLOW, 2) if what == "matrix" else (storm.SLOW, 1)
    async with _open_worlds(worlds, options) as opened:
        if what == "matrix":
            return str(await matrix.run_matrix(seed, opened[0], opened[1], list_cases()))
        return await storm.run_storm(seed, opened[0])


@asynccontextmanager
async def _open_worlds(number: int, options: Sequence[str]) -> AsyncIterator[list[World]]:
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        stack: Stack = await exits.enter_async_context(start_stack(slots=None, fsync=False))
        connection = await asyncpg.connect(stack.database_url)
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        await connection.close()
        await migrate(stack.database_url.rpartition("/")[0] + f"/{TEMPLATE}")
        forge = await exits.enter_async_context(Forge())
        worlds = []
        for each in range(number):
            url = await exits.enter_async_context(FreshDatabase(stack.database_url, TEMPLATE))
            made = make_world(
                Broker(stack.kafka_bootstrap_servers), url, folder / str(each), uuid.uuid4().hex[:12], options=options
            )
            worlds.append(await exits.enter_async_context(made))
            worlds[-1].launch = forge.start
        yield worlds


def main() -> None:
    """Print the seed, then the figures."""
    parser = argparse.ArgumentParser("tests.crash", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("matrix", "storm"), default="matrix")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    sys.stdout.write(f"{arguments.what}, seed {arguments.seed}\n")
    sys.stdout.flush()
    sys.stdout.write(asyncio.run(run(arguments.seed, arguments.what)) + "\n")


if __name__ == "__main__":
    main()
