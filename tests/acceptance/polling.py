"""Waiting for something with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T]], seconds: float = 30.0, every: float = 0.05) -> T:
    """Ask again until the answer is true; fails with the last one when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < end, f"it did not become true within {seconds:g} s: {answer!r}"
        await asyncio.sleep(every)
    return answer
