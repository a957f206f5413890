"""One running instance: its parts, how they start and stop together, and whether they are well."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bildwerk.health import Health
from bildwerk.settings import Settings
from bildwerk.telemetry.metrics import Metrics
from bildwerk.web.app import make_app, name_hosts
from bildwerk.web.server import serving
from consumers.fleet import Fleet
from consumers.inspector import Inspector
from consumers.intake import Intake
from consumers.missing import Missing
from consumers.pulse import Pulse
from consumers.purge import Purge
from consumers.relay import Relay
from consumers.seeker import DuplicateSeeker
from consumers.store import Store
from consumers.sweep import Sweep
from consumers.worker import Dispatcher
from db.pool import Pool
from db.reads import read_queues
from handlers.inference.hosts import list_slots
from handlers.runner.outcomes import Planned

log = structlog.get_logger("bildwerk.service")


class Part(Protocol):
    """What runs until it is told to stop; `pulse` is its sign of life."""

    pulse: Pulse

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
        for pulse in self.loops.values():
            pulse.patience = self.settings.stuck_seconds
        async with self._web(), asyncio.TaskGroup() as group:
            for keeper in self._keepers:
                group.create_task(_run(keeper, last), name=_name(keeper))
            log.info("service.started")
            try:
                async with asyncio.TaskGroup() as taking:
                    for taker in self._takers:
                        taking.create_task(_run(taker, stop), name=_name(taker))
            finally:
                last.set()
        log.info("service.stopped")

    @property
    def loops(self) -> Mapping[str, Pulse]:
        """The signs of life of the parts, by their names in logs and on pages."""
        pulses = {_name(part): part.pulse for part in (*self._takers, *self._keepers)}
        return {**pulses, "heartbeat": self.dispatcher.heart}

    @property
    def health(self) -> Health:
        """What the pages show."""
        return Health(self.pool, self.intake, self.relay, self.dispatcher, self.fleet, self.store, self.loops)

    @property
    def _takers(self) -> list[Part]:
        return [self.intake, self.inspector, self.seeker, self.dispatcher, self.sweep, self.missing, self.purge]

    @property
    def _keepers(self) -> list[Part]:
        return [self.relay, self.fleet, self.store]

    async def _show_metrics(self) -> bytes:
        async with self.pool.acquire() as connection:
            return self.metrics.show(await read_queues(connection, list_slots(self.settings.ollama_host)))

    @asynccontextmanager
    async def _web(self) -> AsyncIterator[None]:
        if not self.settings.web_port:
            yield
            return
        address = self.settings.web_host
        app = make_app(self.health, self._show_metrics, name_hosts(address))
        async with serving(app, address, self.settings.web_port):
            yield


def _name(part: Part) -> str:
    return type(part).__name__.lower()


async def _run(part: Part, stop: asyncio.Event) -> None:
    """Run a part; one whose task ends before its time is a dead loop, even where nothing was raised."""
    part.pulse.beat()
    try:
        await part.run(stop)
    finally:
        part.pulse.end(asked=stop.is_set())


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
