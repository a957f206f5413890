"""Which jobs of given media are done again, and the requests that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from db import failed_jobs, ledger
from db.pool import Connection
from handlers.chain import Chain
from handlers.runner.planning import Force, PlanRequest
from handlers.runner.staleness import Staleness

Jobs = Mapping[int, frozenset[str]]
"""Job types by medium."""


class Rerun(Protocol):
    """A reason to do jobs again."""

    async def choose(self, connection: Connection, media_ids: Sequence[int]) -> Jobs:
        """The jobs of these media that would run again; media without any may be left out."""

    def ask(self, request: PlanRequest, job_types: frozenset[str]) -> PlanRequest:
        """The request that also asks for these jobs of its medium."""


@dataclass(frozen=True, slots=True)
class RetryFailed:
    """The jobs that failed, each once more (16); of these types."""

    job_types: frozenset[str]

    async def choose(self, connection: Connection, media_ids: Sequence[int]) -> Jobs:
        """Those that stand as failed."""
        found = await failed_jobs.list_of(connection, media_ids, self.job_types)
        return {media_id: frozenset(job_types) for media_id, job_types in found.items()}

    def ask(self, request: PlanRequest, job_types: frozenset[str]) -> PlanRequest:
        """A retry."""
        return replace(request, retry=tuple(sorted(job_types)))


@dataclass(frozen=True, slots=True)
class ForceAgain:
    """All jobs of these types, once per force id and medium (P21), whatever they stand at."""

    chain: Chain
    force: Force

    async def choose(self, connection: Connection, media_ids: Sequence[int]) -> Jobs:
        """Those of the media that this id was not honoured for yet."""
        named = self.chain.select(self.force.job_types, cascade=self.force.cascade)
        pairs = [(media_id, self.force.force_id) for media_id in media_ids]
        return {media_id: named for media_id, _ in await ledger.list_unseen_forces(connection, pairs)}

    def ask(self, request: PlanRequest, job_types: frozenset[str]) -> PlanRequest:  # noqa: ARG002 - it names them
        """The force."""
        return replace(request, force=self.force)


@dataclass(frozen=True, slots=True)
class RenewStale:
    """The jobs that would be asked for otherwise today, once per force id and medium; with what comes after them."""

    staleness: Staleness
    chain: Chain
    force: Force

    async def choose(self, connection: Connection, media_ids: Sequence[int]) -> Jobs:
        """Those that are stale, of the types named."""
        pairs = [(media_id, self.force.force_id) for media_id in media_ids]
        unseen = [media_id for media_id, _ in await ledger.list_unseen_forces(connection, pairs)]
        stale = await self.staleness.find(connection, unseen, self.chain.select(self.force.job_types, cascade=False))
        return {m: self.chain.select(sorted(names), cascade=self.force.cascade) for m, names in stale.items()}

    def ask(self, request: PlanRequest, job_types: frozenset[str]) -> PlanRequest:
        """The force of just these jobs: what is done is satisfied, and a retry would leave it so."""
        return replace(request, force=replace(self.force, job_types=tuple(sorted(job_types)), cascade=False))
