"""One running instance: its parts, how they start and stop together, and whether they are well."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bildwerk.intake_words import explain_stop
from bildwerk.settings import Settings
from bildwerk.telemetry.metrics import Metrics
from bildwerk.web.app import Check, make_app, name_hosts
from bildwerk.web.server import serving
from consumers.fleet import Fleet
from consumers.inspector import Inspector
from consumers.intake import Intake
from consumers.missing import Missing
from consumers.purge import Purge
from consumers.relay import Relay
from consumers.seeker import DuplicateSeeker
from consumers.store import Store
from consumers.sweep import Sweep
from consumers.worker import Dispatcher
from db.pool import Pool
from db.reads import read_queues
from handlers.runner.planning import Planned

log = structlog.get_logger("bildwerk.service")


class Part(Protocol):
    """What runs until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""


@dataclass(frozen=True, slots=True)
class Service:
    """All parts of one running instance."""

    settings: Settings
    pool: Pool
    intake: Intake
    relay: Relay
    inspector: Inspector
    dispatcher: Dispatcher
    fleet: Fleet
    store: Store
    seeker: DuplicateSeeker
    sweep: Sweep
    missing: Missing
    purge: Purge
    metrics: Metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set: then take nothing new, finish the calls under way, publish what is left, return.

        The first part that ends with an error stops the others, and its error is raised.
        """
        last = asyncio.Event()
        takers: list[Part] = [
            self.intake, self.inspector, self.seeker, self.dispatcher, self.sweep, self.missing, self.purge,
        ]  # fmt: skip
        keepers: list[Part] = [self.relay, self.fleet, self.store]
        async with self._web(), asyncio.TaskGroup() as group:
            for keeper in keepers:
                group.create_task(keeper.run(last), name=type(keeper).__name__.lower())
            log.info("service.started")
            try:
                async with asyncio.TaskGroup() as taking:
                    for taker in takers:
                        taking.create_task(taker.run(stop), name=type(taker).__name__.lower())
            finally:
                last.set()
        log.info("service.stopped")

    def checks(self) -> Mapping[str, Check]:
        """What `/readyz` looks at."""
        return {
            "postgresql": self._check_database,
            "kafka": self._check_intake,
            "ollama": self._check_fleet,
            "media_root": self._check_store,
        }

    async def _check_database(self) -> str | None:
        await self.pool.fetchval("SELECT 1")
        return None

    async def _check_intake(self) -> str | None:
        if (stop := self.intake.stopped) is not None:
            return f"intake_stopped: {explain_stop(stop)}"
        return None if self.intake.healthy() else "not_consuming"

    async def _check_fleet(self) -> str | None:
        return None if self.fleet.available() else "no_host"

    async def _check_store(self) -> str | None:
        return None if self.store.is_there() else "media_root_unavailable"

    async def _show_metrics(self) -> bytes:
        async with self.pool.acquire() as connection:
            return self.metrics.show(await read_queues(connection))

    @asynccontextmanager
    async def _web(self) -> AsyncIterator[None]:
        if not self.settings.web_port:
            yield
            return
        address = self.settings.web_host
        app = make_app(self, self._show_metrics, name_hosts(address))
        async with serving(app, address, self.settings.web_port):
            yield


@dataclass(frozen=True, slots=True)
class Wakers:
    """Who is to be woken when there is something to do: the fast path; each of them looks by itself too."""

    dispatcher: asyncio.Event
    inspector: asyncio.Event
    relay: asyncio.Event

    def heed(self, planned: Planned) -> None:
        """Wake those whom a plan gave something to do."""
        if planned.due:
            self.dispatcher.set()
        if planned.uninspected:
            self.inspector.set()
        if planned.changed:
            self.relay.set()

    def wake_all(self) -> None:
        """Something that was away is back."""
        self.dispatcher.set()
        self.inspector.set()
