"""Planning what messages ask for, inside the caller's transaction: the same for all who read events."""

from consumers.triage import Triage
from db import completions
from db.pool import Connection
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest


async def plan_triage(connection: Connection, planner: Planner, todo: Triage) -> Planned:
    """Record foreign completions and plan all media named; our own echo only where it is news. Letters are left."""
    await completions.record(connection, todo.completions)
    return await planner.plan_media(connection, [*todo.requests, *await list_news(connection, todo)])


async def list_news(connection: Connection, todo: Triage) -> list[PlanRequest]:
    """Our own completions that tell of a plan the medium does not have yet (P19)."""
    if not todo.echoes:
        return []
    known = await completions.load_plan_numbers(connection, (request.media_id for _, request in todo.echoes))
    return [request for plan_no, request in todo.echoes if plan_no > known.get(request.media_id, -1)]
