"""Claims where job types ask different models: one model at a time on a host, and swaps between them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
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
        await leases.let_go(connection)
        began = await leases.settle(connection, lambda: self._begin(connection, owner, lease, available, oldest=oldest))
        if began is None:
            return None
        claimed, standing = began
        if claimed.model != standing.model:
            log.info("model.swapped", host=standing.host, served=standing.served)
        return claimed

    async def _begin(
        self, connection: Connection, owner: UUID, lease: timedelta, there: Sequence[tuple[str, int]], *, oldest: bool
    ) -> tuple[Claim, Standing] | None:
        standings, slots = await hosts.lock(connection, there), dict(there)
        waiting = await hosts.list_waiting(connection, self.lines)
        for standing in standings:
            model = self._choose(standing, standings, waiting)
            if model is None:
                continue
            place = [(standing.host, slots[standing.host])]
            attempt = partial(
                leases.claim_in, connection, owner, lease, place, oldest=oldest, job_types=self.lines[model]
            )
            claimed = await leases.settle(connection, attempt)
            if claimed is not None:
                await hosts.serve(connection, standing.host, model)
                return replace(claimed, model=model), standing
        return None

    def _choose(self, standing: Standing, standings: Sequence[Standing], waiting: Collection[str]) -> str | None:
        runs = {other.host: other.model for other in standings if other is not standing and other.model is not None}
        elsewhere = {model for host, model in runs.items() if model in self.serves(host)}
        serves = self.serves(standing.host)
        return choose_model(standing, tuple(self.lines), waiting, serves, elsewhere, self.limits)
