"""Stores of pictures that went away, in tests."""

import asyncio

from consumers.store import Store


async def come_back(store: Store, seconds: float = 30.0) -> None:
    """Let the store's own probes find that all is there again."""
    stop = asyncio.Event()
    running = asyncio.create_task(store.run(stop))
    async with asyncio.timeout(seconds):
        while store.breakers:
            await asyncio.sleep(0.02)
    stop.set()
    await running
