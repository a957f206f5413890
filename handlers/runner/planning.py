"""Planning media: the one function that intake, finish, inspector, sweep and all else that changes facts call."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import JsonValue

from contracts.topics import Topic
from db import ledger, score_batches, tags
from db.facts import Known, Snapshot, stream_snapshots
from db.pool import Connection
from db.text import storable
from db.vocabulary import VocabularyCache
from handlers.backoff import Backoff
from handlers.chain import Chain
from handlers.plan import ALONE, Verdicts, close_deleted, list_announced, list_due, plan, raise_forces, reopen_failed
from handlers.runner.announcing import Details, announce
from handlers.runner.inspection_time import time_inspection
from handlers.runner.outcomes import Outcome, Planned, count_outcomes

log = structlog.get_logger("bildwerk.handlers.planning")

ERROR_LIMIT = 500
"""Characters kept of a `plan_error`."""


@dataclass(frozen=True, slots=True)
class Force:
    """A request to do jobs again. `force_id` names it for ever; no job types: all; cascade adds what comes after."""

    force_id: str
    job_types: tuple[str, ...] = ()
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Look at one medium, which joins the `score_batch` of that name; its jobs in `retry` run again if they failed.

    `source` is the event's coordinates and bytes (JSON), kept while the medium is missing.
    """

    media_id: int
    force: Force | None = None
    priority: int | None = None
    source: JsonValue = None
    score_batch: str | None = None
    retry: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans media inside the caller's transaction.

    `look_again` spaces the looks for a medium that the platform does not have yet; after its tries it is given up.
    `detects` says that the inspector has a detector, which is to see every picture once.
    """

    chain: Chain
    language: str = "en"
    look_again: Backoff = field(default_factory=lambda: Backoff(tries=6, base=2.0, cap=60.0))
    detects: bool = False
    names: VocabularyCache = field(default_factory=VocabularyCache, compare=False)

    async def plan_media(self, connection: Connection, requests: Sequence[PlanRequest]) -> Planned:
        """Plan the media named, registering unknown ones."""
        by_media: dict[int, list[PlanRequest]] = defaultdict(list)
        for request in requests:
            by_media[request.media_id].append(request)
        if not by_media:
            return Planned()
        await ledger.register(connection, by_media)
        await ledger.lock(connection, by_media)
        forced = await self._honour(connection, requests)
        await score_batches.join(connection, ((r.media_id, r.score_batch) for r in requests if r.score_batch))
        drafts, outcomes, unseen = [], [], []
        async with aclosing(self.stream(connection, by_media)) as snapshots:
            async for snapshot in snapshots:
                media_id = snapshot.facts.media_id
                draft = self.draft_medium(snapshot, by_media[media_id], forced.get(media_id, frozenset()))
                outcomes.append(Outcome(snapshot.facts.exists, snapshot.known, draft))
                if draft.verdicts or draft.row != snapshot.known or draft.missing_event is not None:
                    drafts.append(draft)
                if snapshot.unseen_tags:
                    unseen.append(media_id)
        if unseen:
            await tags.see(connection, unseen)
        await ledger.write(connection, drafts)
        return count_outcomes(outcomes)

    async def replan(self, connection: Connection, media_id: int) -> None:
        """Plan a medium that is locked already, after its facts changed in the same transaction."""
        (snapshot,) = await self.load(connection, [media_id])
        await ledger.write(connection, [self.draft_medium(snapshot)])

    async def load(self, connection: Connection, media_ids: Iterable[int]) -> list[Snapshot]:
        """Snapshots with every key that the stages look at."""
        return [snapshot async for snapshot in self.stream(connection, media_ids)]

    def stream(self, connection: Connection, media_ids: Iterable[int]) -> AsyncGenerator[Snapshot, None]:
        """The same, each made when it is asked for; until then the connection is in use."""
        return stream_snapshots(connection, sorted(media_ids), self.chain.keys, self.language, self.names)

    def draft(self, snapshot: Snapshot, verdicts: Verdicts, details: Details | None = None) -> ledger.Draft:
        """What to write when `verdicts` take the place of the snapshot's.

        `details` are what completions tell beyond their verdict (run, model, tokens), by job type.
        """
        media_id = snapshot.facts.media_id
        claimable = snapshot.facts.exists and snapshot.facts.inspected and snapshot.known.plan_error is None
        due = list_due(self.chain, verdicts) if claimable else ()
        alone = any(verdicts[name].reason == ALONE for name in due)
        if verdicts == snapshot.verdicts and (due, alone) == (snapshot.known.due, snapshot.known.alone):
            return ledger.Draft(media_id, snapshot.known, {})
        # Events leave in this order: an upstream's before those that rest on it, whoever settled or planned them.
        chained = {s.job_type: verdicts[s.job_type] for s in self.chain.stages if s.job_type in verdicts}
        verdicts = {**chained, **verdicts}
        changed = {name: v for name, v in verdicts.items() if snapshot.verdicts.get(name) != v}
        plan_no = snapshot.known.plan_no + bool(changed)
        announced = list_announced(snapshot.verdicts, verdicts)
        events = tuple(
            (Topic.STAGE_COMPLETED.value, announce(media_id, name, verdicts[name], plan_no, details or {}))
            for name in announced
        )
        run_at = min((verdicts[name].run_at or snapshot.now for name in due), default=snapshot.known.run_at)
        if due == snapshot.known.due and not changed:
            run_at = snapshot.known.run_at
        row = replace(snapshot.known, plan_no=plan_no, due=due, run_at=run_at, alone=alone)
        neighbours = snapshot.facts.referred if self.chain.neighbourly.intersection(announced) else frozenset()
        return ledger.Draft(media_id, row, changed, events, neighbours=neighbours)

    def draft_settled(self, snapshot: Snapshot, settled: Verdicts, details: Details | None = None) -> ledger.Draft:
        """What planning this medium comes to once verdicts were settled: one comparison, one event each (P15)."""
        planned = self.draft_medium(replace(snapshot, verdicts=settled))
        known = replace(planned.row, plan_no=snapshot.known.plan_no)
        verdicts = {**settled, **planned.verdicts}
        return self.draft(replace(snapshot, known=known), verdicts, details)

    def draft_medium(
        self, snapshot: Snapshot, requests: Sequence[PlanRequest] = (), forced: frozenset[str] = frozenset()
    ) -> ledger.Draft:
        """What planning this medium comes to.

        An exception becomes its `plan_error`: its forces wait, and it is not claimable, until a plan succeeds. Who is
        looked for meanwhile is looked for later, so that it is in nobody's way.
        """
        try:
            return self._draft_medium(_with_error(snapshot, None), requests, forced)
        except Exception as error:
            log.exception("plan.failed", media_id=snapshot.facts.media_id)
            broken = _with_error(snapshot, storable(f"{type(error).__name__}: {error}", ERROR_LIMIT))
            if broken.known.look_at is not None and broken.known.look_at <= snapshot.now:
                later = snapshot.now + timedelta(seconds=self.look_again.cap)
                broken = replace(broken, known=replace(broken.known, look_at=later))
            return self.draft(broken, raise_forces(snapshot.verdicts, forced))

    def _draft_medium(
        self, snapshot: Snapshot, requests: Sequence[PlanRequest], forced: frozenset[str]
    ) -> ledger.Draft:
        facts, known, barred = snapshot.facts, snapshot.known, self.chain.bar(snapshot.facts, snapshot.now)
        if known.seen and not facts.exists:
            verdicts = close_deleted(snapshot.verdicts)
        else:
            retried = frozenset(name for request in requests for name in request.retry)
            reopened = reopen_failed(snapshot.verdicts, retried)
            verdicts = plan(self.chain, facts, reopened, forced, barred)
        draft = self.draft(snapshot, verdicts)
        row = _move(
            draft.row,
            seen=known.seen or facts.exists,
            deleted_at=None if facts.exists or not known.seen else known.deleted_at or snapshot.now,
            inspect_at=time_inspection(
                snapshot,
                wanted=self.chain.wants(barred),
                named=any(r.source is not None for r in requests),
                detects=self.detects,
            ),
            priority=next((r.priority for r in reversed(requests) if r.priority is not None), known.priority),
        )
        if facts.exists:
            return draft.carry(_move(row, look_at=None, look_tries=0))
        if known.seen:
            gone = known.deleted_at is None
            neighbours = facts.neighbours if gone else draft.neighbours
            return replace(draft, row=row, neighbours=neighbours, gone=gone)
        return self._wait_for(snapshot, replace(draft, row=row), requests)

    def _wait_for(self, snapshot: Snapshot, draft: ledger.Draft, requests: Sequence[PlanRequest]) -> ledger.Draft:
        """An event came before its medium: look again later; the last event's source is what a dead letter shows."""
        sources = [r.source for r in requests if r.source is not None]
        known = snapshot.known
        if sources:
            tries, look_at = 0, self._next_look(snapshot.now, 0)
        elif known.look_at is not None and known.look_at <= snapshot.now:
            tries = known.look_tries + 1
            look_at = self._next_look(snapshot.now, tries)
        else:
            return draft
        row = replace(draft.row, look_at=look_at, look_tries=tries)
        return replace(draft, row=row, missing_event=sources[-1] if sources else None)

    def _next_look(self, now: datetime, tries: int) -> datetime | None:
        return None if tries >= self.look_again.tries else now + timedelta(seconds=self.look_again.delay(tries))

    async def _honour(self, connection: Connection, requests: Sequence[PlanRequest]) -> dict[int, frozenset[str]]:
        wanted = {(r.media_id, r.force.force_id): r.force for r in requests if r.force}
        forced: dict[int, frozenset[str]] = {}
        for media_id, force_id in await ledger.honour_forces(connection, wanted):
            force = wanted[media_id, force_id]
            named = self.chain.select(force.job_types, cascade=force.cascade)
            forced[media_id] = forced.get(media_id, frozenset()) | named
        return forced


def follow(before: Snapshot, draft: ledger.Draft) -> Snapshot:
    """What would be read once the draft is written: of the facts it moves only the forces."""
    verdicts = {**before.verdicts, **draft.verdicts}
    forced = frozenset(name for name, verdict in verdicts.items() if verdict.forced)
    return replace(before, facts=replace(before.facts, forced=forced), known=draft.row, verdicts=verdicts)


def _with_error(snapshot: Snapshot, error: str | None) -> Snapshot:
    if snapshot.known.plan_error == error:
        return snapshot
    return replace(snapshot, known=replace(snapshot.known, plan_error=error))


def _move(row: Known, **fields: Any) -> Known:
    """The row with these fields; itself where they are as they were, for most plans change nothing."""
    same = all(getattr(row, name) == value for name, value in fields.items())
    return row if same else replace(row, **fields)
