"""Reading in parts: while one is looked at, the next one is being read."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

Part = TypeVar("Part")
Row = TypeVar("Row")


async def read_ahead(
    parts: Sequence[Part], read: Callable[[Part], Coroutine[Any, Any, Iterable[Row]]]
) -> AsyncGenerator[Row, None]:
    """What is read of each part, in their order, never of two at once.

    Close it (`contextlib.aclosing`) where it may not be read to its end: what is being read then is broken off, and a
    transaction around it with that. Raises what reading raises.
    """
    ahead: asyncio.Task[Iterable[Row]] | None = None
    try:
        for number, part in enumerate(parts, 1):
            reading: Awaitable[Iterable[Row]] = ahead or read(part)
            rows = await reading
            ahead = asyncio.create_task(read(parts[number])) if number < len(parts) else None
            for row in rows:
                yield row
                if ahead is not None:
                    await asyncio.sleep(0)  # who looks at rows never waits, and would let what comes lie in the socket
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
