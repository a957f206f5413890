"""What planning media would come to: nothing is locked or written."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from db import ledger
from db.pool import Connection
from handlers.runner.outcomes import Outcome, Planned, count_outcomes
from handlers.runner.planning import Planner, PlanRequest


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The counts of a plan, without the `unknown` media, which the ledger would hear of for the first time."""

    planned: Planned
    unknown: int


async def foresee(connection: Connection, planner: Planner, requests: Sequence[PlanRequest]) -> Foreseen:
    """What `Planner.plan_media` would make of the requests as things are now."""
    by_media: dict[int, list[PlanRequest]] = defaultdict(list)
    for request in requests:
        by_media[request.media_id].append(request)
    if not by_media:
        return Foreseen(Planned(), 0)
    forces = {(r.media_id, r.force.force_id): r.force for r in requests if r.force}
    forced: dict[int, frozenset[str]] = {}
    for media_id, force_id in await ledger.list_unseen_forces(connection, forces):
        force = forces[media_id, force_id]
        named = planner.chain.select(force.job_types, cascade=force.cascade)
        forced[media_id] = forced.get(media_id, frozenset()) | named
    outcomes = []
    for snapshot in await planner.load(connection, by_media):
        media_id = snapshot.facts.media_id
        draft = planner.draft_medium(snapshot, by_media[media_id], forced.get(media_id, frozenset()))
        outcomes.append(Outcome(snapshot.facts.exists, snapshot.known, draft))
    return Foreseen(count_outcomes(outcomes), len(by_media) - len(outcomes))
