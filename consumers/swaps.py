"""Claims where job types ask different models: one model at a time on a host, and swaps between them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import structlog

from consumers.model_choice import SwapLimits, choose_model
from db import hosts, leases
from db.hosts import Standing
from db.leases import Claim
from db.pool import Connection

Claiming = Callable[..., Awaitable[Claim | None]]
"""`leases.claim`, or as it."""

log = structlog.get_logger("bildwerk.consumers.swaps")


@dataclass(frozen=True, slots=True)
class Swaps:
    """Claims a medium for the model that a host runs, or swaps it.

    `lines` are the models, each with its job types, in the order in which they take turns; `serves` are those that a
    host can be asked for now.
    """

    lines: Mapping[str, Sequence[str]]
    serves: Callable[[str], Collection[str]]
    limits: SwapLimits = field(default_factory=SwapLimits)

    async def claim(
        self,
        connection: Connection,
        owner: UUID,
        lease: timedelta,
        available: Sequence[tuple[str, int]],
        *,
        oldest: bool = False,
    ) -> Claim | None:
        """As `leases.claim`: who claims for any of these hosts chooses alone what they run."""
        return await leases.settle(connection, lambda: self._claim(connection, owner, lease, available, oldest=oldest))

    async def _claim(
        self, connection: Connection, owner: UUID, lease: timedelta, there: Sequence[tuple[str, int]], *, oldest: bool
    ) -> Claim | None:
        standings = await hosts.lock(connection, there)
        waiting = await hosts.list_waiting(connection, self.lines)
        for standing in standings:
            model = self._choose(standing, standings, waiting)
            if model is None:
                continue
            slots = [(name, count) for name, count in there if name == standing.host]
            claimed = await leases.claim_in(connection, owner, lease, slots, oldest=oldest, job_types=self.lines[model])
            if claimed is None:
                return None
            await hosts.serve(connection, standing.host, model)
            if model != standing.model:
                log.info("model.swapped", host=standing.host, served=standing.served)
            return replace(claimed, model=model)
        return None

    def _choose(self, standing: Standing, standings: Sequence[Standing], waiting: Collection[str]) -> str | None:
        elsewhere = {other.model for other in standings if other is not standing and other.model is not None}
        serves = self.serves(standing.host)
        return choose_model(standing, tuple(self.lines), waiting, serves, elsewhere, self.limits)
