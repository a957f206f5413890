"""The composition root: every part of the service, made from the settings and put together, in one place."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog
from consumers.intake import Intake

from bildwerk.settings import Settings
from bildwerk.telemetry.metrics import Metrics
from bildwerk.web.app import Check, make_app
from bildwerk.web.server import serving
from consumers.failure_stop import FailureStop
from consumers.fleet import Fleet
from consumers.inspector import Inspector
from consumers.kafka import KafkaSettings
from consumers.missing import Missing
from consumers.relay import Relay
from consumers.store import Store
from consumers.sweep import Sweep
from consumers.worker import Dispatcher, WorkerSettings
from contracts.topics import Topic
from db import leases
from db.pool import Database, Pool, open_pool
from db.reads import read_installation, read_queues
from handlers.backoff import Backoff
from handlers.chain import Chain
from handlers.inference.client import InferenceOptions, Ollama
from handlers.inference.health import HostHealth
from handlers.inference.options import Layout
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.planning import Planned, Planner

log = structlog.get_logger("bildwerk.service")

LAYOUTS = {"split": Layout.TWO_USER_TURNS, "assistant": Layout.READY_BETWEEN, "generate": Layout.GENERATE}


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
    sweep: Sweep
    missing: Missing
    metrics: Metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set: then take nothing new, finish the calls under way, publish what is left, return.

        The first part that ends with an error stops the others, and its error is raised.
        """
        last = asyncio.Event()
        takers: list[Part] = [self.intake, self.inspector, self.dispatcher, self.sweep, self.missing]
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
        return None if self.intake.healthy() else "not_consuming"

    async def _check_fleet(self) -> str | None:
        return None if self.fleet.available() else "no_host"

    async def _check_store(self) -> str | None:
        return None if self.store.is_available() else "media_root_unavailable"

    async def _show_metrics(self) -> bytes:
        async with self.pool.acquire() as connection:
            return self.metrics.show(await read_queues(connection))

    @asynccontextmanager
    async def _web(self) -> AsyncIterator[None]:
        if not self.settings.web_port:
            yield
            return
        app = make_app(self, self._show_metrics)
        async with serving(app, self.settings.web_host, self.settings.web_port):
            yield


def make_database(settings: Settings) -> Database:
    """Where PostgreSQL is."""
    return Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        connect_timeout=settings.connect_timeout_seconds,
    )


def make_planner(settings: Settings) -> Planner:
    """What plans media. Raises ValueError when a foreign job type is none of ours."""
    stages = load_stages()
    foreign = frozenset(settings.foreign_job_types)
    if unknown := foreign - {stage.job_type for stage in stages}:
        raise ValueError(f"BILDWERK_FOREIGN_JOB_TYPES names {', '.join(sorted(unknown))}")
    look_again = Backoff(settings.missing_tries, settings.missing_delay_seconds, cap=60.0)
    return Planner(Chain(stages, foreign), settings.language, look_again)


def make_kafka(settings: Settings) -> KafkaSettings:
    """How we speak to Kafka."""
    return KafkaSettings(
        settings.kafka_bootstrap_servers,
        settings.kafka_group,
        {
            Topic.MEDIA_CREATED: settings.topic_media_created,
            Topic.MEDIA_UPDATED: settings.topic_media_updated,
            Topic.STAGE_COMPLETED: settings.topic_stage_completed,
            Topic.DEAD_LETTER: settings.topic_dead_letter,
        },
        settings.kafka_idempotence,
        session_timeout=settings.kafka_session_timeout_seconds,
    )


def make_limits(settings: Settings) -> PictureLimits:
    """How large pictures may be and what becomes of them."""
    return PictureLimits(
        max_bytes=settings.picture_max_bytes,
        max_pixels=settings.picture_max_pixels,
        longest_side=settings.picture_longest_side,
        quality=settings.picture_quality,
        child_memory=settings.decoder_memory_bytes,
        child_seconds=settings.decoder_seconds,
    )


def make_options(settings: Settings) -> InferenceOptions:
    """What is the same in every model call."""
    rate = settings.rate_per_minute
    return InferenceOptions(
        settings.model,
        num_ctx=settings.num_ctx,
        seed=settings.seed,
        temperature=settings.temperature,
        total_timeout=settings.call_timeout_seconds,
        connect_timeout=settings.connect_timeout_seconds,
        rate=None if rate is None else rate / 60,
        layout=LAYOUTS[settings.layout],
        rendition_policy=make_limits(settings).recipe,
    )


@asynccontextmanager
async def wire(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[Service]:
    """Every part of one instance, connected; leaving the block closes all of them.

    Raises OSError or asyncpg's errors when PostgreSQL is away, `Unavailable` when no Ollama host can serve.
    """
    database, planner = make_database(settings), make_planner(settings)
    async with AsyncExitStack() as exits:
        pool = await exits.enter_async_context(open_pool(database))
        ollama = await exits.enter_async_context(Ollama(settings.ollama_host, make_options(settings)))
        root, cache = MediaRoot(settings.media_root), RenditionCache(settings.cache_folder, settings.cache_bytes)
        pictures = await exits.enter_async_context(
            PicturePool(root, make_limits(settings), cache, settings.decoder_processes)
        )
        async with pool.acquire() as connection:
            await leases.register_slots(connection, [(host.name, host.slots) for host in ollama.hosts])
            installation = await read_installation(connection)
        kafka = make_kafka(settings)
        store = Store(pictures, root)
        fleet = Fleet(ollama, HostHealth(ollama.hosts))
        finisher = Finisher(
            planner,
            Backoff(settings.tries, settings.retry_base_seconds, settings.retry_cap_seconds),
            plan_in_finish=settings.plan_in_finish,
            provenance=installation.owns_platform or (settings.writes is not None and "provenance" in settings.writes),
        )
        relay = Relay(pool, kafka, settings.relay_batch, settings.poll_seconds)
        dispatcher = Dispatcher(
            pool,
            database,
            Runner(pool, finisher, store, fleet, settings.model),
            lambda: fleet.available() if store.is_available() else (),
            WorkerSettings(settings.lease_seconds, settings.poll_seconds, settings.grace_seconds),
            FailureStop(settings.failure_limit),
            finished=lambda _work: relay.wake.set(),
        )
        # A dead inspector's media are missed after this; that a slow one's are looked at twice does no harm.
        hold = timedelta(seconds=settings.lease_seconds + settings.decoder_seconds)
        inspector = Inspector(pool, planner, store, dispatcher.wake.set, poll=settings.poll_seconds, hold=hold)
        wakers = Wakers(dispatcher.wake, inspector.wake, relay.wake)
        store.back = fleet.back = wakers.wake_all
        intake = Intake(
            pool,
            planner,
            kafka,
            wakers.heed,
            settings.intake_batch,
            settings.event_max_bytes,
            settings.dead_letter_bytes,
        )
        yield Service(
            settings, pool, intake, relay, inspector, dispatcher, fleet, store,
            Sweep(pool, planner, wakers.heed, settings.sweep_seconds, settings.sweep_batch),
            Missing(pool, planner, wakers.heed, settings.poll_seconds),
            metrics or Metrics(),
        )  # fmt: skip


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


async def serve(settings: Settings, metrics: Metrics | None = None) -> None:
    """Run one instance until SIGTERM or SIGINT; a second signal ends it at once, which is safe too."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def ask_to_stop() -> None:
        if stop.is_set():
            task.cancel()
        log.info("service.stopping")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    async with wire(settings, metrics) as service:
        await service.fleet.look()
        await service.run(stop)
