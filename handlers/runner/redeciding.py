"""Deciding again by other rules: a batch of media in the caller's transaction, on the path that finished jobs take."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.verdicts import Status, Verdict
from db import ledger, runs
from db.facts import Snapshot
from db.ledger import Draft
from db.pool import Connection
from db.runs import Outcome, Question
from handlers.plan import take_fingerprint
from handlers.redecision import Course, Redecision, redecide
from handlers.runner.planning import Planner
from handlers.runner.settling import close_verdict
from handlers.runner.writing import EffectWriter, MarkMoved, Origin
from handlers.stages.policy_flags import PolicyFlagsStage

JOB_TYPE = PolicyFlagsStage.job_type


@dataclass(frozen=True, slots=True)
class Redecider:
    """Decides media again by the rules of `stage`.

    What changes is a new generation with a run of its own, and is announced like any finished job. Where the rules want
    a second look that the model was not asked for yet, the job becomes due as if it had been forced.
    """

    planner: Planner
    writer: EffectWriter
    stage: PolicyFlagsStage

    async def look(self, connection: Connection, media_ids: Sequence[int]) -> list[tuple[int, Redecision]]:
        """What would become of each medium; nothing is locked or written."""
        return [(s.facts.media_id, self._redecide(s)) for s in await self.planner.load(connection, media_ids)]

    async def redecide(self, connection: Connection, media_ids: Sequence[int]) -> list[tuple[int, Redecision]]:
        """Decide each medium again, under its lock, inside the caller's transaction."""
        await ledger.lock(connection, media_ids)
        found = [(s, self._redecide(s)) for s in await self.planner.load(connection, media_ids)]
        drafts = [self._ask(snapshot) for snapshot, again in found if again.course is Course.ASK]
        became = await self._settle(connection, [(s, again) for s, again in found if again.effects], drafts)
        await ledger.write(connection, drafts)
        return [
            (media_id, became.get(media_id, again)) for media_id, again in ((s.facts.media_id, a) for s, a in found)
        ]

    def _redecide(self, snapshot: Snapshot) -> Redecision:
        if JOB_TYPE in self.planner.chain.bar(snapshot.facts, snapshot.now):
            return Redecision(Course.IDLE)
        return redecide(self.stage, snapshot.facts, snapshot.verdicts.get(JOB_TYPE, Verdict()))

    def _ask(self, snapshot: Snapshot) -> Draft:
        return self.planner.draft_medium(snapshot, forced=frozenset({JOB_TYPE}))

    async def _settle(
        self, connection: Connection, changes: Sequence[tuple[Snapshot, Redecision]], drafts: list[Draft]
    ) -> dict[int, Redecision]:
        """Write effects and add the drafts, in one comparison each (P15); what became of those that moved meanwhile."""
        if not changes:
            return {}
        run_ids = await runs.begin(connection, [self._question(snapshot) for snapshot, _ in changes])
        outcomes, became = {}, {}
        settled: dict[int, tuple[Snapshot, Verdict, int]] = {}
        for (snapshot, again), run_id in zip(changes, run_ids, strict=True):
            media_id = snapshot.facts.media_id
            verdict = await self._write(connection, snapshot, again, run_id)
            if verdict is not None:
                settled[media_id] = snapshot, verdict, run_id
            outcomes[run_id] = _name(verdict)
            if outcomes[run_id] is not Outcome.DONE:
                course = Course.OPEN if verdict is None else Course.KEPT
                became[media_id] = Redecision(course, again.before)
        await runs.end_all(connection, outcomes)
        after = await self.planner.load(connection, sorted(settled))
        drafts.extend(self._draft(now, *settled[now.facts.media_id]) for now in after)
        return became

    async def _write(
        self, connection: Connection, snapshot: Snapshot, again: Redecision, run_id: int
    ) -> Verdict | None:
        """The verdict once the effects are written; None when the platform moved the medium meanwhile."""
        before = snapshot.verdicts[JOB_TYPE]
        try:
            async with connection.transaction():
                written = await self.writer.write(connection, snapshot, again.effects, Origin(run_id), forced=True)
        except MarkMoved:
            return None
        settled = close_verdict(before, Status.DONE, "kept" if written.kept else "")
        fingerprint = take_fingerprint(self.stage, written.facts)
        return replace(settled, generation=before.generation + 1, fingerprint=fingerprint)

    def _draft(self, now: Snapshot, before: Snapshot, verdict: Verdict, run_id: int) -> Draft:
        verdicts = {**before.verdicts, JOB_TYPE: verdict}
        return self.planner.draft_settled(replace(now, verdicts=before.verdicts), verdicts, {JOB_TYPE: {"run": run_id}})

    def _question(self, snapshot: Snapshot) -> tuple[int, Question]:
        facts, generation = snapshot.facts, snapshot.verdicts[JOB_TYPE].generation + 1
        fingerprint = take_fingerprint(self.stage, facts)
        return facts.media_id, Question(JOB_TYPE, generation, fingerprint, facts.content_hash, "", "", "")


def _name(verdict: Verdict | None) -> Outcome:
    if verdict is None:
        return Outcome.SUPERSEDED
    return Outcome.KEPT if verdict.reason else Outcome.DONE
