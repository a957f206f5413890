"""The run of one medium: from lease to release, its due jobs in the order of the chain."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from contracts.facts import MediaFacts
from db import leases, runs
from db.facts import Snapshot
from db.failures import is_repeatable, is_vanished
from db.pool import Connection, Pool
from db.runs import Cost, Outcome
from handlers.failures import Failure, Unavailable
from handlers.runner.asking import Asker, CompanionAway
from handlers.runner.beginning import Beginner
from handlers.runner.choosing import Chooser
from handlers.runner.finishing import Failed, Finished, Finisher, Job, Result
from handlers.runner.fusing import list_fused
from handlers.runner.giving_back import free_slots, give_back
from handlers.runner.turn import Turn
from handlers.runner.work import Begun, Ended, Work
from handlers.runner.writing import MarkMoved

log = structlog.get_logger("bildwerk.handlers.runner")

INTERRUPTED_PAUSE = 1.0
"""Seconds before a medium is given back after PostgreSQL cut us off, or a bug: no claims in a tight loop."""
BROKEN_OFF = 1
"""Finishing transactions that may be broken off before the slot is given back: one is repeated at once."""


@dataclass(frozen=True)
class Runner:
    """Runs claimed media. Holds no state of its own; no transaction is open during a model call.

    `lost_limit` is how many leases a medium may lose to crashes before its job is failed. With `reuses` an answer about
    the same pixels is taken over instead of asking again. `settled` is called when a job's end was committed.
    """

    pool: Pool
    finisher: Finisher
    asker: Asker
    lost_limit: int = 5
    reuses: bool = False
    settled: Callable[[], None] = field(default=lambda: None)

    @property
    def _chooser(self) -> Chooser:
        return Chooser(self.pool, self.finisher.planner, self.finisher.plan_in_finish)

    @property
    def _beginner(self) -> Beginner:
        return Beginner(self.pool, self.asker, self.reuses)

    async def run(self, work: Work) -> Ended:
        """Run the due jobs of one medium, then give it back. Only bugs are raised."""
        try:
            return await self._run_due(work)
        except Exception as error:
            await free_slots(self.pool, work)
            await asyncio.sleep(INTERRUPTED_PAUSE)
            if not is_repeatable(error):
                raise
            log.warning("work.interrupted", media_id=work.claim.medium.media_id, error=type(error).__name__)
            return Ended.POSTPONED
        finally:
            await give_back(self.pool, work)

    async def _run_due(self, work: Work) -> Ended:
        """Run what is due until nothing may be asked any more; then answers that are there already are used.

        The first job that does not settle is the last that is asked, and its end is the medium's.
        """
        ended = None
        while work.begun is not None or not work.lost:
            turn = await self._chooser.choose(work)
            if turn is None:
                return ended or _close(work)
            finished = await self._run_safely(work, turn)
            if finished is Finished.LEASE_LOST:
                return _end(finished, work)
            if finished not in (Finished.SETTLED, Finished.PASSED_OVER):
                ended = ended or _end(finished, work)
            work.silent = ended is not None or not work.may_ask
        return ended or Ended.LEASE_LOST

    async def _run_safely(self, work: Work, turn: Turn) -> Finished:
        """Run a job; one that takes every process along, or meets a bug of ours, is failed and never blocks others."""
        lease, reason = work.claim.medium, "crashed"
        if lease.lost < self.lost_limit:
            try:
                return await self._run_job(work, turn)
            except Exception as error:
                if is_repeatable(error):
                    raise
                log.exception("job.broken", media_id=lease.media_id, job_type=turn.name)
                reason = "bug"
        async with self.pool.acquire() as connection, connection.transaction():
            await self.finisher.close(connection, lease, turn.name, reason)
        work.claim = replace(work.claim, medium=replace(lease, lost=0))
        return Finished.SETTLED

    async def _run_job(self, work: Work, turn: Turn) -> Finished:
        try:
            begun = work.take_begun() or await self._beginner.begin(work, turn)
        except CompanionAway as failure:
            return _pass_over(work, turn, failure)
        except Failure as failure:
            return await self._turn_back(work, failure)
        if begun is None:
            return Finished.LEASE_LOST
        prepared, job, calls = begun.prepared, begun.job, work.calls
        result = prepared.result or await self._ask(work, begun)
        finished = await self._finish(job, turn.facts, result, work)
        work.parts.pop(turn.name, None)
        self.settled()
        log.info(
            "job.ended", media_id=turn.facts.media_id, job_type=turn.name, run=job.run_id,
            reused_from=prepared.reused and prepared.reused.run.id, fused_in=prepared.part and prepared.part.run_id,
            host=work.claim.slot.host if prepared.part or work.calls > calls else None, outcome=_name(finished, result),
            reason=result.failure.reason if isinstance(result, Failed) else None,
            total_ms=result.cost.total_ms, prompt_tokens=result.cost.prompt_tokens,
            answer_tokens=result.cost.answer_tokens,
        )  # fmt: skip
        return finished

    async def _ask(self, work: Work, begun: Begun) -> Result:
        """What a fused call has answered already, else ask: where that pays, for the jobs that come next, too."""
        turn, question, part = begun.prepared.turn, begun.prepared.question, begun.prepared.part
        assert question is not None
        if part is not None:
            return self.asker.read(work, turn.stage, turn.facts, part.text, Cost())
        if self.asker.model.fuses(work.claim.slot.host, question.model) and not work.apart:
            fused = list_fused(self.finisher.planner.chain, turn.snapshot, turn.stage)
            if len(fused) > 1:
                return await self.asker.ask_together(work, fused, turn.snapshot, question, begun.job.run_id)
        return await self.asker.ask(work, turn.stage, turn.facts, question)

    async def _turn_back(self, work: Work, failure: Failure) -> Finished:
        """There is no picture to send: wait for the store, or let the inspector look again. No call was made (P4)."""
        work.failure, lease = failure, work.claim.medium
        log.warning("picture.unavailable", media_id=lease.media_id, reason=failure.reason)
        if isinstance(failure, Unavailable):
            work.pause = timedelta(seconds=failure.pause)
            return Finished.POSTPONED
        async with self.pool.acquire() as connection, connection.transaction():
            if await leases.fence(connection, lease):
                await leases.ask_inspection(connection, lease)
                await self.finisher.planner.replan(connection, lease.media_id)
        return Finished.POSTPONED

    async def _finish(self, job: Job, facts: MediaFacts, result: Result, work: Work) -> Finished:
        """Settle the job; a moved mark is looked into, a broken connection is resolved by reading (I14).

        A medium that the platform deletes while its answer is written is seen as deleted the second time. Whoever waits
        for PostgreSQL, or for rows that a platform holds, holds no slot.
        """
        mark, pause, vanished, broken = None, 0.05, False, 0
        while True:
            try:
                finished, work.after, work.begun = await self._finish_once(work, job, result, mark, broken)
            except MarkMoved as moved:
                mark, result = await self.asker.look_again(facts, moved.mark, result)
            except Exception as error:
                if not is_repeatable(error) and (vanished or not is_vanished(error)):
                    raise
                vanished = vanished or is_vanished(error)
                log.warning("finish.repeated", run=job.run_id, error=type(error).__name__)
                broken += 1
                if broken > BROKEN_OFF:
                    await free_slots(self.pool, work)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                return finished

    async def _finish_once(
        self, work: Work, job: Job, result: Result, mark: str | None, broken: int
    ) -> tuple[Finished, Snapshot | None, Begun | None]:
        """Once it was broken off it may be done; with others waiting for PostgreSQL it holds no lock for long."""
        async with self.pool.acquire() as connection:
            ended = await runs.find_outcome(connection, job.run_id) if broken else None
            if ended is not None:
                await runs.end_open(connection, job.lease)  # the next one may have been begun with it
                return _known(ended), None, None
            async with connection.transaction():
                if broken > BROKEN_OFF:
                    await leases.hurry(connection)
                finished, after = await self.finisher.finish(connection, job, result, mark)
                begun = await self._begin_next(connection, work, after)
                return finished, after if begun is None else None, begun

    async def _begin_next(self, connection: Connection, work: Work, after: Snapshot | None) -> Begun | None:
        """Begin the next job with the end of this one, where it has to wait for nothing else and may be asked."""
        if after is None or work.lost or not work.may_ask:
            return None
        turn = self._chooser.find_due(after, work)
        return None if turn is None else await self._beginner.begin_at_once(connection, work, turn)


def _pass_over(work: Work, turn: Turn, failure: CompanionAway) -> Finished:
    """Another medium's picture cannot be shown: whatever else is due of this one goes on."""
    log.warning("picture.unavailable", media_id=turn.facts.media_id, reason=failure.reason)
    work.passed[turn.name] = timedelta(seconds=failure.pause)
    return Finished.PASSED_OVER


def _close(work: Work) -> Ended:
    """The end of a medium of which nothing is left to do now; what was passed over waits for a store."""
    if not work.passed or work.silent:
        return Ended.FINISHED
    work.pause = min(work.passed.values())
    return Ended.POSTPONED


def _name(finished: Finished, result: Result) -> str:
    if finished is Finished.SETTLED:
        return "failed" if isinstance(result, Failed) else "done"
    return finished.name.lower()


def _known(outcome: Outcome) -> Finished:
    if outcome in (Outcome.RETRY, Outcome.UNAVAILABLE):
        return Finished.POSTPONED
    return Finished.SUPERSEDED if outcome is Outcome.SUPERSEDED else Finished.SETTLED


def _end(finished: Finished, work: Work) -> Ended:
    if isinstance(work.failure, Unavailable):
        return Ended.UNAVAILABLE
    return Ended.LEASE_LOST if finished is Finished.LEASE_LOST else Ended.POSTPONED
