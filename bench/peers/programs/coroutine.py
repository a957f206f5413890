"""The handler as a coroutine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import httpx

from bench.peers.programs.orders import INSERT, Counter, Event, Orders, make_question, make_row


@asynccontextmanager
async def open_handler(orders: Orders) -> AsyncIterator[Callable[[Event], Awaitable[None]]]:
    """What is done about an event: ask, then write."""
    if orders.nothing:
        counter = Counter(orders.nothing)

        async def count(_: Event) -> None:
            counter.count()

        yield count
        return
    insert = INSERT.format("$1", "$2", "$3")
    async with (
        httpx.AsyncClient(base_url=orders.ollama, timeout=600, trust_env=False) as client,
        asyncpg.create_pool(orders.database, min_size=1, max_size=orders.concurrency) as pool,
    ):

        async def handle(event: Event) -> None:
            body, headers = make_question(event)
            (await client.post("/api/chat", json=body, headers=headers)).raise_for_status()
            await pool.execute(insert, *make_row(event))

        yield handle
