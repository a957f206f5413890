"""The media root as inspector and workers see it: when it is away, nothing fails; work waits until it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

import structlog

from handlers.failures import Unavailable
from handlers.inference.health import Breaker, BreakerState
from handlers.inspect.pool import Inspection, PicturePool
from handlers.inspect.references import MediaRoot

log = structlog.get_logger("bildwerk.consumers.store")

T = TypeVar("T")


@dataclass
class Store:
    """Pictures behind a breaker. `back` is called when the media root is there again."""

    pool: PicturePool
    root: MediaRoot
    back: Callable[[], None] = field(default=lambda: None)
    poll: float = 0.25
    breaker: Breaker = field(default_factory=Breaker)

    def is_available(self) -> bool:
        """Whether the media root answered when it was last used."""
        return self.breaker.state(monotonic()) is BreakerState.CLOSED

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
        """What is behind a reference; see `PicturePool.inspect`."""
        return await self._guard(self.pool.inspect(reference, measured))

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The picture as the model gets it; see `PicturePool.rendition`."""
        return await self._guard(self.pool.rendition(reference, content_hash))

    async def hash(self, reference: str) -> str:
        """The content hash of the file now; see `PicturePool.hash`."""
        return await self._guard(self.pool.hash(reference))

    async def run(self, stop: asyncio.Event) -> None:
        """Look whether a missing media root is back, until `stop` is set."""
        while not stop.is_set():
            if self.breaker.may_probe(monotonic()):
                await self._probe()
            await asyncio.sleep(self.poll)

    async def _probe(self) -> None:
        try:
            await asyncio.to_thread(self.root.check, expect_files=True)
        except Unavailable as failure:
            self.breaker = self.breaker.open(failure.reason, monotonic(), 1.0)
            return
        log.info("store.back")
        self.breaker = self.breaker.close()
        self.back()

    async def _guard(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except Unavailable as failure:
            log.warning("store.away", reason=failure.reason)
            self.breaker = self.breaker.open(failure.reason, monotonic(), 1.0)
            raise
