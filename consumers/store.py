"""Stores of pictures as inspector and workers see them: when one is away nothing fails; its pictures wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import structlog

from consumers.pulse import Pulse
from handlers.failures import Unavailable
from handlers.inference.health import Breaker, BreakerState
from handlers.inspect.pool import Inspection, PicturePool
from handlers.inspect.sources import Sources

log = structlog.get_logger("bildwerk.consumers.store")

T = TypeVar("T")
SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds that a picture of a store that is away is left alone."""
OF_STRANGERS: Final = 2
"""Pictures asked for at a time from a server that only references name; from a bucket as many as there are decoders."""
PROBES: Final = 8
"""Stores elsewhere that are looked for at a time: with `*` anybody may name thousands that are gone for ever."""
REMEMBERED: Final = 10_000
"""References whose failures in a row are counted."""


@dataclass
class Store:
    """Pictures behind a breaker for each store (media root, bucket, web server); `back` is called when one is back."""

    pool: PicturePool
    back: Callable[[], None] = field(default=lambda: None)
    poll: float = 0.25
    breakers: dict[str, Breaker] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)
    _probes: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _turns: WeakValueDictionary[tuple[str, bool], asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary, init=False
    )
    _streaks: OrderedDict[str, int] = field(default_factory=OrderedDict, init=False)

    @property
    def sources(self) -> Sources:
        """Where references may lead."""
        return self.pool.sources

    def is_available(self) -> bool:
        """Whether there is any store whose pictures can be worked on."""
        return self.sources.has_others or any(self._is_closed(store) for store in self.sources.stores)

    def is_there(self) -> bool:
        """Whether any store is that settings name; one that only references name says nothing."""
        return not self.sources.stores or any(self._is_closed(store) for store in self.sources.stores)

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
        """What is behind a reference; see `PicturePool.inspect`."""
        return await self._guard(reference, lambda: self.pool.inspect(reference, measured), waited_for=False)

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The picture as the model gets it; see `PicturePool.rendition`. One that is there waits for nobody's turn."""
        self._require_closed(self.sources.locate(reference).store)
        if (cached := await self.pool.find_cached(content_hash)) is not None:
            return cached
        return await self._guard(reference, lambda: self.pool.rendition(reference, content_hash))

    async def hash(self, reference: str) -> str:
        """The content hash of the file now; see `PicturePool.hash`."""
        return await self._guard(reference, lambda: self.pool.hash(reference))

    async def run(self, stop: asyncio.Event) -> None:
        """Look whether missing stores are back, until `stop` is set. One that hangs keeps no other waiting."""
        try:
            while not stop.is_set():
                self.pulse.beat(self.poll)
                for store in [name for name, breaker in self.breakers.items() if breaker.may_probe(monotonic())]:
                    if store not in self._probes and self._has_room(store):
                        self._probes[store] = asyncio.create_task(self._probe(store))
                await asyncio.sleep(self.poll)
        finally:
            for probe in list(self._probes.values()):
                probe.cancel()

    async def _probe(self, store: str) -> None:
        try:
            await self.sources.check(store)
        except Unavailable as failure:
            self._open(store, failure)
            return
        except Exception:
            log.exception("store.broken", store=_name(store))
            self._open(store, Unavailable(self.breakers[store].reason))
            return
        finally:
            self._probes.pop(store, None)
        log.info("store.back", store=_name(store))
        self.breakers.pop(store, None)
        self.back()

    async def _guard(self, reference: str, work: Callable[[], Awaitable[T]], *, waited_for: bool = True) -> T:
        """The work's result; a store that is away is not asked, so that what hangs there holds up nobody else.

        What is `waited_for` by a worker does not stand in the inspector's line.
        """
        store = self.sources.locate(reference).store
        self._require_closed(store)
        async with self._turn(store, waited_for=waited_for):
            self._require_closed(store)
            try:
                found = await work()
            except Unavailable as failure:
                log.warning("store.away", store=_name(store), reason=failure.reason)
                self._open(store, failure)
                failure.pause = max(failure.pause, self._pause(store), self._count(reference))
                raise
        self._streaks.pop(reference, None)
        return found

    def _require_closed(self, store: str) -> None:
        if not self._is_closed(store):
            raise Unavailable(self.breakers[store].reason, pause=self._pause(store))

    def _turn(self, store: str, *, waited_for: bool) -> AbstractAsyncContextManager[None]:
        """One of few, for what waits behind them learns from them that the store is away."""
        if store in self.sources.roots:
            return nullcontext()
        turn = self._turns.get((store, waited_for))
        if turn is None:
            at_once = self.pool.at_once if store in self.sources.stores else OF_STRANGERS
            turn = self._turns[store, waited_for] = asyncio.Semaphore(at_once)
        return turn

    def _count(self, reference: str) -> float:
        """Seconds for one that fails again and again though its store says that it is there: 2, 4, ... 300."""
        streak = self._streaks.pop(reference, 0) + 1
        self._streaks[reference] = streak
        if len(self._streaks) > REMEMBERED:
            self._streaks.popitem(last=False)
        return min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** min(streak - 1, 10))

    def _has_room(self, store: str) -> bool:
        elsewhere = [name for name in self._probes if name not in self.sources.stores]
        return store in self.sources.stores or len(elsewhere) < PROBES

    def _open(self, store: str, failure: Unavailable) -> None:
        # Behind all others, so that everyone's turn to be looked for comes.
        self.breakers[store] = self.breakers.pop(store, Breaker()).open(failure.reason, monotonic(), 1.0)

    def _pause(self, store: str) -> float:
        """Seconds to leave a picture alone: as long as its store has been away, 2 to 300.

        So an outage costs few looks at each, and is at most twice as long for them.
        """
        since = self.breakers[store].since
        return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, 0.0 if since is None else monotonic() - since))

    def _is_closed(self, store: str) -> bool:
        return store not in self.breakers or self.breakers[store].state(monotonic()) is BreakerState.CLOSED


def _name(store: str) -> str:
    """A store as logs may name it: what settings name, never a host out of a reference."""
    return "web" if store.startswith("http") else store.replace("s3://", "s3:") or "media_root"
