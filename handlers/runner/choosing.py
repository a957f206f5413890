"""Choosing the job of a claimed medium whose turn it is."""

from dataclasses import dataclass

from db import leases, ledger
from db.facts import Snapshot
from db.leases import MediumLease
from db.pool import Pool
from handlers.plan import list_due_of
from handlers.runner.planning import Planner, follow
from handlers.runner.turn import Turn
from handlers.runner.work import Work


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses among the due jobs of claimed media. Unless it `plans`, what is due is what others have planned."""

    pool: Pool
    planner: Planner
    plans: bool = True

    async def choose(self, work: Work) -> Turn | None:
        """The job that is due and to be run first; the stage is asked again. None: there is none.

        Facts are those that the finish before it has read under the medium's lock, else they are read anew. What that
        finish has begun is ended in any case, though not asked while draining.
        """
        if work.begun is not None:
            return work.begun.prepared.turn
        if work.silent and not work.parts:
            return None
        snapshot = work.take_after() or await self._read(work.claim.medium)
        return None if snapshot is None else self.find_due(snapshot, work)

    def find_due(self, snapshot: Snapshot, work: Work) -> Turn | None:
        """The job that is due in this snapshot and to be run first: what is answered already is never put at risk."""
        chain, due, model = self.planner.chain, snapshot.known.due, work.claim.model
        names = list_due_of(chain, snapshot.verdicts, model) if due and model is not None else due
        answered = {name for name in names if work.find_part(name, snapshot.verdicts[name]) is not None}
        for name in sorted(names, key=lambda name: name not in answered):
            if name in work.passed or (work.silent and name not in answered):
                continue
            verdict = snapshot.verdicts[name]
            if verdict.run_at is None or verdict.run_at <= snapshot.now:
                return Turn(chain.stage(name), verdict, snapshot)
        return None

    async def _read(self, lease: MediumLease) -> Snapshot | None:
        """The medium as it is, and as it is planned now; None when it is no longer ours. Nothing new is no commit."""
        async with self.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            written = False
            try:
                if not await leases.fence(connection, lease):
                    return None
                (snapshot,) = await self.planner.load(connection, [lease.media_id])
                if not self.plans:
                    return snapshot
                draft = self.planner.draft_medium(snapshot)
                if draft.verdicts or draft.row != snapshot.known:
                    await ledger.write(connection, [draft])
                    written = True
            finally:
                await (transaction.commit() if written else transaction.rollback())
        return follow(snapshot, draft)
