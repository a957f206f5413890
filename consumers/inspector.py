"""The inspector: looks at the pictures behind new source marks, without a model and without a slot."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Protocol

import structlog

from consumers.pulse import Pulse
from consumers.turns import is_turn_of_oldest
from consumers.waiting import wait_for_any
from contracts.facts import Picture
from db import inspections, ledger
from db.failures import is_repeatable
from db.inspections import Uninspected
from db.pool import Connection, Pool, transact
from handlers.backoff import Backoff
from handlers.failures import Failure, Invalid, Stale, Unavailable
from handlers.inspect.pool import Inspection
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from handlers.runner.seeking import index_medium

log = structlog.get_logger("bildwerk.consumers.inspector")

UPLOADING = frozenset({"missing_file", "empty_file", "truncated_picture", "no_preview"})
"""Reasons that a file still being written shows, too."""
MOST_SLOW = 64
"""Looks under way at a time, those that are slow included."""
YOUNG_SECONDS = 30.0
"""A file changed within this time may still be on its way (reliability practice: watch the modification time)."""


class Pictures(Protocol):
    """Where files are looked at."""

    def is_available(self) -> bool:
        """Whether the media root is there."""

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
        """What is behind a reference, not measured again if `measured` is its hash; `Invalid` or `Unavailable`."""

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The JPEG made from the bytes with this hash."""


class Detector(Protocol):
    """Who says how explicit a picture is."""

    async def score(self, jpeg: bytes) -> float | None:
        """0 (harmless) to 1 (explicit); None: unknown."""


@dataclass
class Inspector:
    """Inspects media as planning asks for them; `found` is called when one has become due, `settled` after each."""

    pool: Pool
    planner: Planner
    pictures: Pictures
    found: Callable[[], None]
    batch: int = 16
    poll: float = 1.0
    hold: timedelta = timedelta(minutes=5)
    again: Backoff = field(default_factory=lambda: Backoff(tries=3, base=2.0, cap=30.0))
    detector: Detector | None = None
    settled: Callable[[], None] = field(default=lambda: None)
    patience: float = 30.0
    claims: int = 0
    slow: set[asyncio.Task[None]] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    pulse: Pulse = field(default_factory=Pulse)

    async def run(self, stop: asyncio.Event) -> None:
        """Inspect until `stop` is set."""
        try:
            while not stop.is_set():
                self.pulse.beat()
                self.wake.clear()
                try:
                    busy = self.pictures.is_available() and await self.inspect_batch()
                except Exception as error:
                    if not is_repeatable(error):
                        raise
                    log.warning("inspector.repeated", error=type(error).__name__)
                    busy = False
                if not busy:
                    self.pulse.beat(self.poll)
                    await wait_for_any(self.poll, self.wake, stop)
        finally:
            for look in self.slow:
                look.cancel()

    async def inspect_batch(self) -> bool:
        """Inspect what is waiting, up to a batch; False when nothing was."""
        media = await self._claim(min(self.batch, MOST_SLOW - len(self.slow)))
        looks = {asyncio.create_task(self._inspect(medium)) for medium in media if not medium.gone}
        self.slow |= looks
        await self._close([medium.media_id for medium in media if medium.gone])
        if looks:
            # What hangs at a store elsewhere holds up nobody: the next batch does not wait for it.
            await asyncio.wait(looks, timeout=self.patience)
        ended = {look for look in self.slow if look.done()}
        self.slow -= ended
        for error in [error for look in ended if (error := look.exception()) is not None]:
            raise error
        return bool(media)

    async def _claim(self, room: int) -> Sequence[Uninspected]:
        if not room:
            return ()
        oldest = sum(is_turn_of_oldest(self.claims + later) for later in range(room))
        async with self.pool.acquire() as connection:
            media = await inspections.claim(connection, room, self.hold, oldest)
        self.claims += len(media)
        return media

    async def _close(self, media_ids: Sequence[int]) -> None:
        """Plan media that the platform has deleted: there is nothing to look at."""
        if media_ids:
            async with self.pool.acquire() as connection, connection.transaction():
                await self.planner.plan_media(connection, [PlanRequest(media_id) for media_id in media_ids])
            self.settled()

    async def _inspect(self, medium: Uninspected) -> None:
        began = monotonic()
        try:
            inspection = await self._detect(medium, await self.pictures.inspect(medium.path, medium.measured))
        except Invalid as failure:
            inspection = Inspection(None, 0, Picture(unreadable=failure.reason), None)
        except (Unavailable, Stale) as failure:
            log.warning("inspector.unavailable", media_id=medium.media_id, reason=failure.reason)
            pause = failure.pause if isinstance(failure, Unavailable) else 0.0
            return await self._postpone(medium, max(pause, self.again.base), vain=False)
        except Exception:
            log.exception("inspector.broken", media_id=medium.media_id)
            inspection = Inspection(None, 0, Picture(unreadable="bug"), None)
        if inspection.picture.unreadable in UPLOADING:
            age = _tell_age(medium, inspection, monotonic() - began)
            if age is None and medium.tries + 1 < self.again.tries:
                return await self._postpone(medium, self.again.delay(medium.tries), vain=True)
            if age is not None and age < YOUNG_SECONDS:
                return await self._postpone(medium, max(self.again.base, age), vain=False)
        return await self._settle(medium, inspection)

    async def _detect(self, medium: Uninspected, inspection: Inspection) -> Inspection:
        """The inspection with the detector's score, which is asked for once per content hash."""
        content_hash = inspection.content_hash
        if self.detector is None or content_hash is None or inspection.picture.unreadable is not None:
            return inspection
        if await self._has_score(content_hash):
            return inspection
        score = None
        try:
            score = await self.detector.score(await self.pictures.rendition(medium.path, content_hash))
        except (Unavailable, Stale):
            raise  # the detector was not asked: this look is repeated
        except Failure as failure:
            log.warning("detector.no_picture", media_id=medium.media_id, reason=failure.reason)
        else:
            if score is None:
                log.warning("detector.failed", media_id=medium.media_id)
        return replace(inspection, picture=replace(inspection.picture, nsfw=score, nsfw_tried=True))

    async def _has_score(self, content_hash: str) -> bool:
        """Whether there is a score. Raises Unavailable: trouble of the database is no fault of the picture."""
        try:
            async with self.pool.acquire() as connection:
                return await inspections.find_nsfw(connection, content_hash) is not None
        except Exception as error:
            if not is_repeatable(error):
                raise
            raise Unavailable("database_unavailable", type(error).__name__) from error

    async def _postpone(self, medium: Uninspected, seconds: float, *, vain: bool) -> None:
        async with self.pool.acquire() as connection:
            await inspections.postpone(connection, medium, timedelta(seconds=seconds), vain=vain)

    async def _settle(self, medium: Uninspected, inspection: Inspection) -> None:
        """Store what was found, then make it findable: again where another transaction is in the way for long."""
        picture = inspection.picture
        planned = await transact(self.pool, partial(self._store, medium, inspection))
        if planned is None:
            return
        await transact(self.pool, partial(index_medium, media_id=medium.media_id))
        if inspection.content_hash is not None and picture.phash is not None:
            async with self.pool.acquire() as connection:
                await inspections.compare(connection, inspection.content_hash, picture.phash)
        log.info(
            "picture.inspected", media_id=medium.media_id, content_hash=inspection.content_hash,
            reason=picture.unreadable,
        )  # fmt: skip
        if picture.unreadable is None and inspection.detail:
            log.warning(
                "picture.metadata_left_out", media_id=medium.media_id, content_hash=inspection.content_hash,
                reason=inspection.detail,
            )  # fmt: skip
        self.settled()
        if planned.due:
            self.found()

    async def _store(self, medium: Uninspected, inspection: Inspection, connection: Connection) -> Planned | None:
        """Store and plan in the caller's transaction; None: the mark moved meanwhile, it is inspected anew (P6)."""
        await ledger.lock(connection, [medium.media_id])
        if not await inspections.is_current(connection, medium):
            await inspections.postpone(connection, medium, timedelta(0), vain=False)
            return None
        await inspections.settle(connection, medium, inspection.content_hash, inspection.picture)
        return await self.planner.plan_media(connection, [PlanRequest(medium.media_id)])


def _tell_age(medium: Uninspected, inspection: Inspection, took: float) -> float | None:
    """Seconds from the file's last change to the claim; None: nobody tells, or only a clock that is wrong.

    A file that changed while the look was waited for, `took` seconds, is younger than the claim.
    """
    if inspection.mtime is None:
        return None
    age = medium.now.timestamp() - inspection.mtime
    return None if age < -took - YOUNG_SECONDS else age
