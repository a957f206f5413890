"""The composition root: every part of the service, made from the settings and put together, in one place."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import time

import structlog

from bildwerk.arguments import (
    make_database,
    make_detector,
    make_finisher,
    make_kafka,
    make_limits,
    make_options,
    make_planner,
    make_sources,
)
from bildwerk.model_arguments import make_asker, make_claiming
from bildwerk.service import Service, Wakers
from bildwerk.settings import Settings
from bildwerk.telemetry.metrics import Metrics
from consumers.failure_stop import FailureStop
from consumers.fleet import Fleet
from consumers.flood import FloodGate
from consumers.inspector import Detector, Inspector
from consumers.intake import Intake
from consumers.look_ahead import LookAhead
from consumers.manners import Manners
from consumers.missing import Missing
from consumers.purge import Purge
from consumers.relay import Relay
from consumers.seeker import DuplicateSeeker
from consumers.store import Store
from consumers.sweep import Sweep
from consumers.worker import Dispatcher
from consumers.worker_settings import WorkerSettings
from db import hosts, leases
from db.pool import Database, Pool, open_pool
from db.reads import read_installation
from handlers.inference.client import Ollama
from handlers.inference.health import HostHealth
from handlers.inference.hosts import list_slots
from handlers.inference.manner import Fusing
from handlers.inspect.pool import PicturePool
from handlers.inspect.renditions import RenditionCache
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.names import learn_names
from handlers.runner.planning import Planner
from handlers.runner.seeking import Seeker
from handlers.stages.tags_normalize import TagsNormalizeStage
from handlers.tags.lexicon import ENGLISH, GERMAN, read_dictionaries

log = structlog.get_logger("bildwerk.service")


@asynccontextmanager
async def wire(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[Service]:
    """Every part of one instance, connected; leaving the block closes all of them.

    Raises OSError or asyncpg's errors when PostgreSQL is away, `Unavailable` when no Ollama host can serve,
    `DetectorMissing` when a detector is asked for that is not installed.
    """
    database, planner, detector = make_database(settings), make_planner(settings), make_detector(settings)
    async with AsyncExitStack() as exits:
        if detector is not None:
            await exits.enter_async_context(detector)
        pool = await exits.enter_async_context(open_pool(database))
        ollama = await exits.enter_async_context(Ollama(settings.ollama_host, make_options(settings)))
        cache = RenditionCache(settings.cache_folder, settings.cache_bytes)
        pictures = await exits.enter_async_context(
            PicturePool(make_sources(settings), make_limits(settings), cache, settings.decoder_processes)
        )
        async with pool.acquire() as connection:
            await leases.register_slots(connection, list_slots(ollama.hosts))
            await hosts.register(connection, [host.name for host in ollama.hosts])
            installation = await read_installation(connection)
        await learn_names(pool, planner)
        if TagsNormalizeStage.job_type in planner.chain.job_types:
            # In a thread: where it is read first on the loop, no heart beats meanwhile.
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, read_dictionaries, {settings.language, ENGLISH, GERMAN})
        models = tuple(planner.chain.lines)
        manners = Manners(pool, ollama, Fusing(settings.fused), swaps=len(models) > 1)
        store, fleet = Store(pictures), Fleet(ollama, HostHealth(ollama.hosts), manners, models)
        parts = Parts(settings, database, pool, planner, store, fleet, detector)
        finisher = make_finisher(settings, planner, owns_platform=installation.owns_platform)
        yield parts.join(finisher, metrics or Metrics())


@dataclass(frozen=True, slots=True)
class Parts:
    """What is open and made; `join` puts the parts that work on top of it together."""

    settings: Settings
    database: Database
    pool: Pool
    planner: Planner
    store: Store
    fleet: Fleet
    detector: Detector | None = None

    def join(self, finisher: Finisher, metrics: Metrics) -> Service:
        """The service; whoever finds something to do wakes the part that does it."""
        settings, pool, planner, kafka = self.settings, self.pool, self.planner, make_kafka(self.settings)
        relay = Relay(pool, kafka, settings.relay_batch, settings.poll_seconds)
        seeker = DuplicateSeeker(pool, planner, Seeker(pool, planner), poll=settings.poll_seconds)
        dispatcher = Dispatcher(
            pool,
            self.database,
            Runner(
                pool, finisher, make_asker(settings, self.store, self.fleet), reuses=settings.reuse_answers,
                settled=relay.wake.set,
            ),
            lambda: self.fleet.available() if self.store.is_available() else (),
            WorkerSettings(settings.lease_seconds, settings.poll_seconds, settings.grace_seconds),
            LookAhead(pool, self.store, planner.chain),
            make_claiming(settings, planner.chain, self.fleet.serves),
            FailureStop(settings.failure_limit),
            finished=lambda _work: _wake(relay.wake, seeker.wake), wall=time,
        )  # fmt: skip
        # A dead inspector's media are missed after this; that a slow one's are looked at twice does no harm.
        hold = timedelta(seconds=settings.lease_seconds + settings.decoder_seconds)
        inspector = Inspector(
            pool, planner, self.store, dispatcher.wake.set,
            poll=settings.poll_seconds, hold=hold, patience=5.0, detector=self.detector, settled=seeker.wake.set,
        )  # fmt: skip
        wakers = Wakers(dispatcher.wake, inspector.wake, relay.wake)
        seeker.planned = wakers.heed
        self.store.back = self.fleet.back = wakers.wake_all
        limits = (settings.intake_batch, settings.event_max_bytes, settings.dead_letter_bytes)
        gate = FloodGate(settings.dead_letter_limit, settings.dead_letter_window, settings.dead_letter_share)
        intake = Intake(pool, planner, kafka, wakers.heed, *limits, gate, look=settings.poll_seconds)
        return Service(
            settings, pool, intake, relay, inspector, dispatcher,
            self.fleet, self.store, seeker,
            Sweep(pool, planner, wakers.heed, settings.sweep_seconds, settings.sweep_batch),
            Missing(pool, planner, wakers.heed, settings.poll_seconds),
            Purge(pool, timedelta(days=settings.purge_days), timedelta(days=settings.raw_answer_days)), metrics,
        )  # fmt: skip


def _wake(*events: asyncio.Event) -> None:
    for event in events:
        event.set()


class CutShort(Exception):
    """A second signal ended the service before it had drained. Nothing is lost; calls under way are made again."""


async def serve(settings: Settings, metrics: Metrics | None = None) -> None:
    """Run one instance until SIGTERM or SIGINT. A second signal ends it at once, which is safe too: raises CutShort."""
    stop, cut, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def ask_to_stop() -> None:
        if stop.is_set():
            cut.set()
            task.cancel()
        log.info("service.stopping", at_once=cut.is_set())
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    try:
        async with wire(settings, metrics) as service:
            await service.fleet.look()
            await service.run(stop)
    except asyncio.CancelledError:
        if not cut.is_set():
            raise
        raise CutShort("stopped at once; the calls that were under way are made again") from None
