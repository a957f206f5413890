"""Settling a job: the one transaction in which an answer, a failure or a delay becomes the truth."""

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from random import random
from typing import Any, NamedTuple

from pydantic import BaseModel, JsonValue

from contracts.effects import Effects
from contracts.verdicts import Status, Verdict
from db import duplicates, inspections, leases, ledger, runs
from db.facts import Snapshot
from db.leases import MediumLease
from db.ledger import LastError
from db.pool import Connection
from db.runs import Cost, Outcome
from handlers.backoff import Backoff
from handlers.failures import BadAnswer, Failure, Stale
from handlers.plan import take_fingerprint
from handlers.runner.planning import Planner, follow
from handlers.runner.settling import close_verdict, decide_failure, is_poison
from handlers.runner.writing import EffectWriter, MarkMoved, Origin
from handlers.stage import Stage


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was begun; the fence compares all of it (P2, P3). No model: rules decide."""

    lease: MediumLease
    stage: Stage[Any]
    run_id: int
    model: str
    fingerprint: str
    generation: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The model answered, and the answer is good. No `raw`: its words are kept with the run that they came from."""

    answer: BaseModel
    raw: str | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no good answer; `failure` says what must happen."""

    failure: Failure
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True)
class Decided:
    """The facts alone give what is to be written."""

    cost: Cost = field(default_factory=Cost)
    raw: None = None


Result = Answered | Decided | Failed


class Finished(Enum):
    """What the worker does next."""

    SETTLED = auto()
    POSTPONED = auto()
    PASSED_OVER = auto()
    SUPERSEDED = auto()
    LEASE_LOST = auto()


class Settlement(NamedTuple):
    """What the worker does next, and the medium as it is planned then; None: to be read anew."""

    finished: Finished
    after: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Finisher:
    """Settles jobs inside the caller's transaction.

    `retry` spaces transient failures. With `plan_in_finish` off, the medium is planned when its completion event comes
    back.
    """

    planner: Planner
    retry: Backoff = field(default_factory=lambda: Backoff(tries=3, base=2.0, cap=60.0))
    plan_in_finish: bool = True
    writer: EffectWriter = field(default_factory=EffectWriter)

    async def finish(
        self, connection: Connection, job: Job, result: Result, verified_mark: str | None = None
    ) -> Settlement:
        """Settle one job. `verified_mark` is the moved mark whose bytes were found to be the same.

        Raises `MarkMoved`, which must roll the transaction back.
        """
        cost = result.cost
        if not await leases.fence(connection, job.lease):
            await runs.end(connection, job.run_id, Outcome.SUPERSEDED, cost, reason="lease_lost")
            return Settlement(Finished.LEASE_LOST)
        (snapshot,) = await self.planner.load(connection, [job.lease.media_id])
        snapshot = await _accept(connection, snapshot, verified_mark)
        if not self._stands(snapshot, job):
            return await self._supersede(connection, job, cost, "facts_moved")
        if isinstance(result, Failed) and isinstance(result.failure, Stale):
            await leases.ask_inspection(connection, job.lease)
            return await self._supersede(connection, job, cost, result.failure.reason)
        if not snapshot.facts.inspected and not isinstance(result, Failed):
            raise MarkMoved(snapshot.facts.mark)
        if job.lease.lost:
            await leases.reset_lost(connection, job.lease.media_id)
        if isinstance(result, Failed):
            return await self._settle_failure(connection, job, snapshot, result)
        wanted = _list_effects(job.stage, snapshot, result)
        if wanted is None:
            return await self._supersede(connection, job, cost, "facts_moved")
        return await self._settle(connection, job, snapshot, result, wanted)

    async def close(self, connection: Connection, lease: MediumLease, job_type: str, reason: str) -> None:
        """Fail a due job without a run: it crashed every process that ran it (25), or we have a bug."""
        if not await leases.fence(connection, lease):
            return
        (snapshot,) = await self.planner.load(connection, [lease.media_id])
        verdict = snapshot.verdicts.get(job_type)
        if verdict is None or verdict.status is not Status.DUE:
            return
        settled = close_verdict(verdict, Status.FAILED, reason)
        await leases.reset_lost(connection, lease.media_id)
        await ledger.write(connection, [self.planner.draft_settled(snapshot, {**snapshot.verdicts, job_type: settled})])

    def _stands(self, snapshot: Snapshot, job: Job) -> bool:
        """Whether the answer is still wanted (P2, P3).

        Under a mark that is not inspected nobody plans: a job stays due there, also when its upstream is forced.
        """
        verdicts, chain = snapshot.verdicts, self.planner.chain
        verdict = verdicts.get(job.stage.job_type, Verdict())
        return (
            snapshot.facts.exists
            and verdict.status is Status.DUE
            and all(verdicts.get(name, Verdict()).status.terminal for name in chain.upstreams[job.stage.job_type])
            and job.stage.job_type not in chain.bar(snapshot.facts, snapshot.now)
            and verdict.generation == job.generation
            and verdict.fingerprint == job.fingerprint
            and take_fingerprint(job.stage, snapshot.facts) == job.fingerprint
        )

    async def _supersede(self, connection: Connection, job: Job, cost: Cost, reason: str) -> Settlement:
        await runs.end(connection, job.run_id, Outcome.SUPERSEDED, cost, reason=reason)
        await self.planner.replan(connection, job.lease.media_id)
        return Settlement(Finished.SUPERSEDED)

    async def _settle(
        self, connection: Connection, job: Job, before: Snapshot, result: Answered | Decided, wanted: Effects
    ) -> Settlement:
        """Write what was found. A column we wrote ourselves is no change that makes the stage due again."""
        verdict = before.verdicts[job.stage.job_type]
        origin = Origin(job.run_id, job.model)
        written = await self.writer.write(connection, before, wanted, origin, forced=verdict.forced)
        settled = close_verdict(verdict, Status.DONE, "kept" if written.kept else "")
        settled = replace(settled, fingerprint=take_fingerprint(job.stage, written.facts))
        outcome = Outcome.KEPT if written.kept else Outcome.DONE
        await runs.end(connection, job.run_id, outcome, result.cost, raw_answer=result.raw)
        after = await self._write(connection, job, before, settled, result.cost, None)
        return Settlement(Finished.SETTLED, after)

    async def _settle_failure(self, connection: Connection, job: Job, before: Snapshot, result: Failed) -> Settlement:
        failure, verdict = result.failure, before.verdicts[job.stage.job_type]
        error = LastError(failure.kind, failure.reason, failure.detail)
        if is_poison(verdict, failure) and not job.stage.prompt(before.facts).companions:
            return await self._poison(connection, job, before, result)
        settled, outcome = decide_failure(verdict, failure, self.retry, before, random())  # noqa: S311 - jitter
        raw = failure.raw if isinstance(failure, BadAnswer) else None
        await runs.end(
            connection, job.run_id, outcome, result.cost,
            reason=failure.reason, detail=failure.detail, raw_answer=raw,
        )  # fmt: skip
        after = await self._write(connection, job, before, settled, result.cost, error)
        return (
            Settlement(Finished.SETTLED, after) if settled.status is Status.FAILED else Settlement(Finished.POSTPONED)
        )

    async def _poison(self, connection: Connection, job: Job, before: Snapshot, result: Failed) -> Settlement:
        """Alone on its host it crashed the runner again: no job is to send this picture any more."""
        failure = result.failure
        await runs.end(
            connection, job.run_id, Outcome.FAILED, result.cost, reason=failure.reason, detail=failure.detail
        )
        await duplicates.call(connection, before.facts.neighbours)
        await inspections.poison(connection, before.facts.content_hash)
        error = LastError(failure.kind, failure.reason, failure.detail)
        await ledger.write_error(connection, job.lease.media_id, job.stage.job_type, error)
        await self.planner.replan(connection, job.lease.media_id)
        return Settlement(Finished.SETTLED)

    async def _write(
        self, connection: Connection, job: Job, before: Snapshot, settled: Verdict, cost: Cost, error: LastError | None
    ) -> Snapshot | None:
        """Verdicts, the medium's row and events of one comparison: before this transaction, and at its end (P15).

        The medium as it is then; None when it was not planned.
        """
        name = job.stage.job_type
        verdicts = {**before.verdicts, name: settled}
        details = {name: _tell(job, cost)}
        (now,) = await self.planner.load(connection, [job.lease.media_id])
        now = replace(now, verdicts=before.verdicts)
        if self.plan_in_finish:
            draft = self.planner.draft_settled(now, verdicts, details)
        else:
            draft = self.planner.draft(now, verdicts, details)
            draft = replace(draft, row=replace(draft.row, plan_no=now.known.plan_no))
        await ledger.write(connection, [draft])
        if error is not None:
            await ledger.write_error(connection, job.lease.media_id, name, error)
        return follow(now, draft) if self.plan_in_finish else None


async def _accept(connection: Connection, snapshot: Snapshot, verified_mark: str | None) -> Snapshot:
    facts = snapshot.facts
    if verified_mark is None or facts.mark != verified_mark:
        return snapshot
    await leases.accept_mark(connection, facts.media_id, verified_mark)
    return replace(snapshot, facts=replace(facts, inspected_mark=verified_mark))


def _list_effects(stage: Stage[Any], snapshot: Snapshot, result: Answered | Decided) -> Effects | None:
    """What is to be written; None when the facts no longer decide it alone."""
    if isinstance(result, Decided):
        return stage.decide(snapshot.facts)
    return stage.effects(snapshot.facts, result.answer)


def _tell(job: Job, cost: Cost) -> dict[str, JsonValue]:
    return {
        "run": job.run_id,
        "model": job.model or None,
        "prompt_tokens": cost.prompt_tokens,
        "answer_tokens": cost.answer_tokens,
        "duration_ms": None if cost.total_ms is None else round(cost.total_ms),
    }
