"""Having pictures ready before their media are claimed, so that no slot waits for a decoder."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from db import leases
from db.failures import is_repeatable
from db.leases import Upcoming
from db.pool import Pool
from handlers.chain import Chain
from handlers.failures import Failure
from handlers.runner.work import Pictures

log = structlog.get_logger("bildwerk.consumers.look_ahead")


@dataclass
class LookAhead:
    """Has the renditions of the media made that are to be claimed next: they lie in the cache then.

    One at a time: no more than one decoder is taken from inspector and jobs, and one picture held in memory. Nothing is
    claimed or written, and what fails is left for the job to meet.
    """

    pool: Pool
    pictures: Pictures
    chain: Chain
    _tried: set[str] = field(default_factory=set, init=False)
    _looking: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def is_looking(self) -> bool:
        """Whether a picture is being made now, or looked for."""
        return self._looking is not None and not self._looking.done()

    def look(self, reach: Callable[[], tuple[int, int]]) -> None:
        """Begin to look, unless that goes on already.

        `reach` is asked before each picture: how many in line and how many of the oldest are to be ready; (0, 0): none.
        """
        if not self.is_looking and any(reach()):
            self._looking = asyncio.create_task(self._look(reach))

    async def stop(self) -> None:
        """Give up what is being made."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self, reach: Callable[[], tuple[int, int]]) -> None:
        try:
            while any(wanted := reach()) and (found := await self._find(*wanted)):
                await self._make(*found)
        except Exception as error:
            if not is_repeatable(error):
                log.exception("look_ahead.broken")

    async def _find(self, in_line: int, oldest: int) -> tuple[str, str] | None:
        """Path and content hash of the first picture that was not tried since its medium came into reach."""
        async with self.pool.acquire() as connection:
            upcoming = await leases.look_ahead(connection, in_line, oldest)
        wanted = {m.content_hash: m.path for m in upcoming if m.content_hash and m.path and self._asks(m)}
        self._tried &= wanted.keys()
        for content_hash, path in wanted.items():
            if content_hash not in self._tried:
                return path, content_hash
        return None

    async def _make(self, path: str, content_hash: str) -> None:
        self._tried.add(content_hash)
        try:
            await self.pictures.rendition(path, content_hash)
        except Failure as failure:
            log.debug("look_ahead.failed", reason=failure.reason)

    def _asks(self, medium: Upcoming) -> bool:
        """Whether a due job of it may send its picture."""
        return any(stage.needs_picture for stage in self.chain.stages if stage.job_type in medium.due)
