"""Getting to know the library's tag names before work begins that needs them."""

import asyncio

from contracts.facts import TAGS
from db.pool import Pool
from handlers.languages import language_code
from handlers.runner.planning import Planner
from handlers.tags.roots import index_roots


async def learn_names(pool: Pool, planner: Planner) -> None:
    """Read the names and index them in a thread: with tens of thousands that takes seconds, later changes do not."""
    if TAGS not in planner.chain.keys:
        return
    async with pool.acquire() as connection:
        vocabulary = await planner.names.catch_up(connection)
    await asyncio.to_thread(index_roots, vocabulary, language_code(planner.language))
