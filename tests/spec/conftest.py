"""The desk of a cell: the chain up to the stage that the cell speaks of, and no more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from bildwerk.sandbox.ollama import Simulated
from db.pool import open_pool
from handlers.chain import Chain
from handlers.runner.planning import Planner
from tests.conftest import make_patient
from tests.ledger import Ledger
from tests.spec.cells import Cell, find_stages
from tests.spec.desk import Desk
from tests.workshop import SPEED, open_workshop


@pytest_asyncio.fixture
async def desk(
    cell: Cell,
    database: str,
    lock_timeout: float,
    start_ollama: Callable[..., Awaitable[Simulated]],
    tmp_path: Path,
) -> AsyncIterator[Desk]:
    """Return a desk with an empty library, and a simulated Ollama of two slots."""
    planner = Planner(Chain(find_stages(cell.job_type)))
    async with (
        open_pool(make_patient(database, lock_timeout)) as pool,
        open_workshop(Ledger(pool, planner), await start_ollama(2, *SPEED), tmp_path) as workshop,
    ):
        await pool.execute("DELETE FROM bildwerk.media")
        await pool.execute("TRUNCATE media CASCADE")  # a cell brings the pictures it speaks of
        yield Desk(workshop, database)
