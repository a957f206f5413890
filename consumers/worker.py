"""Workers: claim a medium and a slot, run it, give both back; heartbeats keep what is claimed."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from uuid import UUID, uuid4

import structlog

from consumers.failure_stop import FailureStop
from consumers.idleness import Idleness
from consumers.look_ahead import LookAhead
from consumers.pulse import Pulse
from consumers.standstill import Standstill
from consumers.swaps import Claiming
from consumers.turns import is_turn_of_oldest
from consumers.waiting import wait_for_any
from consumers.worker_settings import WorkerSettings
from db import leases
from db.failures import is_repeatable
from db.leases import Claim
from db.pool import Connection, Database, Pool, connect
from handlers.failures import BadAnswer, Invalid, Transient
from handlers.runner.medium import Runner
from handlers.runner.work import Ended, Work

log = structlog.get_logger("bildwerk.consumers.worker")

WAITING_PER_SLOT = 2
"""Media that may wait, without a slot, for rows that a platform holds: with more of them nothing new is asked."""


@dataclass
class Dispatcher:
    """Keeps every free slot busy as long as there is due work.

    One task claims, one beats, and each claimed medium runs in a task of its own. `hosts` are (name, slots) of those
    that may be asked now; `wake` ends the wait for work early; `finished` hears of every medium given back; `claiming`
    is how a medium is claimed; `wall` is a clock that goes on while the machine sleeps (default: none is looked at).
    """

    pool: Pool
    database: Database
    runner: Runner
    hosts: Callable[[], Sequence[tuple[str, int]]]
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    ahead: LookAhead | None = None
    claiming: Claiming = leases.claim
    failures: FailureStop = field(default_factory=lambda: FailureStop(limit=20))
    finished: Callable[[Work], None] = field(default=lambda _work: None)
    owner: UUID = field(default_factory=uuid4)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    works: dict[asyncio.Task[Ended], Work] = field(default_factory=dict)
    claims: int = 0
    idleness: Idleness = field(default_factory=Idleness)
    stopping: bool = False
    beaten: float = field(default_factory=monotonic)
    wall: Callable[[], float] = monotonic
    standstill: Standstill = field(default_factory=Standstill)
    pulse: Pulse = field(default_factory=Pulse)
    heart: Pulse = field(default_factory=Pulse)

    async def run(self, stop: asyncio.Event) -> None:
        """Claim and run until `stop` is set; then finish the calls under way within the grace time and release."""
        beating = asyncio.create_task(self._beat(), name="heartbeat")
        watching = asyncio.create_task(self._watch())
        stopper = asyncio.create_task(self._note(stop))
        try:
            await self._claim_until_stopped()
            await self._drain()
        finally:
            for task in (beating, watching, stopper, *self.works):
                task.cancel()
            if self.ahead:
                await self.ahead.stop()
            await asyncio.gather(beating, watching, stopper, *self.works, return_exceptions=True)

    def is_trusted(self, now: float) -> bool:
        """Whether the heart beats: otherwise our leases may be somebody else's soon, and nothing is claimed."""
        return now - self.beaten < self.settings.trust

    async def _note(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopping = True
        for work in self.works.values():
            work.stop_waiting()
        self.wake.set()

    async def _claim_until_stopped(self) -> None:
        while not self.stopping:
            self.pulse.beat()
            self.wake.clear()
            asked = monotonic()
            claim = await self._claim()
            if claim is not None:
                self._start(claim, asked)
                continue
            if self.ahead:
                self.ahead.look(self.reach)
            self.pulse.beat(self.settings.poll)
            await wait_for_any(self.settings.poll, self.wake)

    async def _claim(self) -> Claim | None:
        available, now = self.hosts(), monotonic()
        if self.standstill.has_slept(self.wall(), now, self.settings.margin):
            log.warning("worker.slept")
            self.beaten = -math.inf  # our own leases look expired: they are prolonged before anything is claimed
        waiting, most = self._count_waiting(), WAITING_PER_SLOT * sum(slots for _, slots in available)
        well = waiting < most and self.is_trusted(now)
        if not (well and self.failures.allows(len(self.works) - waiting, now)):
            return None
        lease = timedelta(seconds=self.settings.lease)
        try:
            async with self.pool.acquire() as connection:
                oldest = is_turn_of_oldest(self.claims)
                claim = await self.claiming(connection, self.owner, lease, available, oldest=oldest)
        except Exception as error:
            if not is_repeatable(error):
                raise
            log.warning("claim.failed", error=type(error).__name__)
            return None
        if claim is None:
            self.idleness.find_nothing(monotonic())
        return claim

    def reach(self) -> tuple[int, int]:
        """How many media in line and of the oldest are looked at before their claims: as many as hold slots of ours."""
        if self.stopping or not self.is_trusted(monotonic()):
            return 0, 0
        busy = sum(bool(work.slots) for work in self.works.values())
        oldest = sum(is_turn_of_oldest(self.claims + later) for later in range(busy))
        return busy - oldest, oldest

    def _count_waiting(self) -> int:
        """How many have given their slots back, and wait for what they have to write."""
        return sum(not work.slots for work in self.works.values())

    def _start(self, claim: Claim, asked: float) -> None:
        """Run what was claimed; where the answer came so late that the lease may be over it is given back."""
        self.claims, now = self.claims + 1, monotonic()
        idle = self.idleness.claim(now)
        work = Work(claim, lambda: self.stopping, held_at=asked, idle=idle, freed=self._note_freed)
        if now - asked >= self.settings.trust:
            log.warning("claim.late", media_id=claim.medium.media_id)
            work.lose()
        task = asyncio.create_task(self.runner.run(work))
        self.works[task] = work
        task.add_done_callback(self._end)

    def _note_freed(self) -> None:
        self.idleness.free(monotonic())
        self.wake.set()

    def _end(self, task: asyncio.Task[Ended]) -> None:
        work, now = self.works.pop(task), monotonic()
        if work.slots:
            self.idleness.free(now)
        log.info(
            "medium.ended", media_id=work.claim.medium.media_id, host=work.claim.slot.host, answered=work.answered,
            idle_ms=round(work.idle * 1000), calling_ms=round(work.called * 1000),
            between_ms=round(work.time_between(now) * 1000),
        )  # fmt: skip
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker.failed", media_id=work.claim.medium.media_id, exc_info=error)
        failed = isinstance(work.failure, Invalid | BadAnswer | Transient)
        if (failed or work.answered) and self.failures.record(failed=not work.answered, now=now):
            log.error("worker.stopped", failures=self.failures.streak, pause=self.failures.pause)
        self.finished(work)
        self.wake.set()

    async def _drain(self) -> None:
        self.pulse.beat(self.settings.grace)
        if self.works:
            log.info("worker.draining", works=len(self.works))
            await asyncio.wait(list(self.works), timeout=self.settings.grace)

    async def _beat(self) -> None:
        """Prolong leases until cancelled, whatever happens to the connection."""
        while True:
            self.heart.beat()
            try:
                await self._beat_on_one_connection()
            except Exception as error:
                if not is_repeatable(error):
                    log.exception("heartbeat.broken")
                log.warning("heartbeat.failed", error=type(error).__name__)
                await asyncio.sleep(min(1.0, self.settings.heartbeat / 4))  # so that more are in time after a late one

    async def _beat_on_one_connection(self) -> None:
        """Beat on a connection of its own, so that no queue of the pool can starve it. Returns only by raising.

        A beat that is late is cut off, not cancelled: a cancelled statement waits for the server's word on it.
        """
        loop = asyncio.get_running_loop()
        connection = await connect(self.database)
        try:
            while True:
                self.heart.beat(self.settings.heartbeat)
                late = loop.call_later(self.settings.heartbeat, connection.terminate)
                try:
                    await self._beat_once(connection)
                finally:
                    late.cancel()
                await asyncio.sleep(self.settings.heartbeat)
        finally:
            connection.terminate()

    async def _beat_once(self, connection: Connection) -> None:
        began = monotonic()
        works = list(self.works.values())
        if works:
            media = [work.claim.medium for work in works]
            slots = [slot for work in works for slot in work.slots]
            kept, kept_slots = await leases.beat(connection, timedelta(seconds=self.settings.lease), media, slots)
            for work in works:
                if work.over:
                    continue  # given back meanwhile, not lost
                # Its slots are fewer than before, when some are given back.
                if work.claim.medium not in kept or not kept_slots.issuperset(work.slots):
                    log.warning("lease.lost", media_id=work.claim.medium.media_id)
                    work.lose()
                work.held_at = began
        self.beaten = began

    async def _watch(self) -> None:
        """Stop the calls whose leases may run out without our knowing, whatever the heart waits for (I8)."""
        while True:
            for work in self.works.values():
                if monotonic() - work.held_at >= self.settings.trust:
                    work.lose()
            await asyncio.sleep(self.settings.margin / 4)
