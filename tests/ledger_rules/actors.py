"""What can go on at the same time: the service's own code, each on one connection."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from consumers.inspector import Inspector
from consumers.kafka import KafkaSettings
from consumers.planning import plan_triage
from consumers.relay import Relay
from consumers.triage import Triage
from contracts.facts import MediaFacts, Picture
from db import leases, purge
from db.inspections import Uninspected
from db.leases import Claim, MediumLease, SlotLease
from db.pool import Connection
from handlers.inference.client import Question, Reply
from handlers.inspect.pool import Inspection
from handlers.models import Models
from handlers.runner.asking import Asker
from handlers.runner.finishing import Finisher, Job, Result
from handlers.runner.medium import Runner
from handlers.runner.planning import Force, Planner, PlanRequest
from handlers.runner.work import Work
from handlers.runner.writing import EffectWriter
from handlers.stage import Stage
from tests.ledger_rules.barriers import Act
from tests.ledger_rules.steps import say

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class OnePool:
    """A pool of the one connection whose statements are stopped."""

    connection: Connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """That connection."""
        yield self.connection


@dataclass(frozen=True)
class Files:
    """What lies in the store now; nobody is asked anything else here."""

    content_hash: str = "f1"

    async def hash(self, reference: str) -> str:  # noqa: ARG002
        """The hash of the bytes."""
        return self.content_hash

    def is_available(self) -> bool:
        """It is there."""
        return True

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
        """Never asked."""
        raise AssertionError(reference, measured)

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """Never asked."""
        raise AssertionError(reference, content_hash)

    async def ask(self, host: str, question: Question, send: Callable[[], None]) -> Reply:
        """Never asked."""
        raise AssertionError(host, question, send)

    def recipe(self, host: str, stage: Stage[Any], question: Question) -> str:
        """Never asked."""
        raise AssertionError(host, stage, question)

    def fuses(self, host: str, model: str) -> bool:
        """Never asked."""
        raise AssertionError(host, model)


def finishing(planner: Planner, job: Job, result: Result | None = None, files: Files = Files()) -> Act:
    """A worker whose call has ended: it settles the job, looks into a moved mark, and repeats what broke off."""

    async def act(connection: Connection) -> object:
        runner = Runner(
            OnePool(connection),
            Finisher(planner, writer=EffectWriter(frozenset())),
            Asker(files, files, Models("model")),
        )
        facts = MediaFacts(job.lease.media_id, path="a.jpg", content_hash="f1")
        work = Work(Claim(job.lease, SlotLease("host", 0, 1)))
        return await runner._finish(job, facts, result or say(), work)

    return act


def settling_blindly(planner: Planner, job: Job, text: str) -> Act:
    """The finishing transaction alone, as a worker repeats it that does not know of its commit."""

    async def act(connection: Connection) -> object:
        async with connection.transaction():
            finisher = Finisher(planner, writer=EffectWriter(frozenset()))
            finished, _ = await finisher.finish(connection, job, say(text))
        return finished

    return act


def intake(planner: Planner, media_id: int, force: Force | None = None, completed: str | None = None) -> Act:
    """An event names the medium, forces it, or tells that another program completed a job of it."""
    todo = Triage([PlanRequest(media_id, force, source={"topic": "test"})])
    if completed:
        todo.completions.append((media_id, completed))

    async def act(connection: Connection) -> object:
        async with connection.transaction():
            return await plan_triage(connection, planner, todo)

    return act


def inspecting(planner: Planner, media_id: int, mark: str, content_hash: str) -> Act:
    """The inspector has read these bytes under that mark."""

    async def act(connection: Connection) -> object:
        now = await connection.fetchval("SELECT now()")
        files = Files()
        inspector = Inspector(OnePool(connection), planner, files, lambda: None)
        found = Inspection(content_hash, 100, Picture("JPEG", 10, 10, "p"), None)
        await inspector._settle(Uninspected(media_id, "a.jpg", mark, 0, now), found)
        return None

    return act


def claiming(hosts: Sequence[tuple[str, int]]) -> Act:
    """A worker looks for a medium and a slot."""

    async def act(connection: Connection) -> object:
        return await leases.claim(connection, uuid4(), HOUR, hosts)

    return act


def beating(media: Sequence[MediumLease], slots: Sequence[SlotLease] = ()) -> Act:
    """A worker's heart beats."""

    async def act(connection: Connection) -> object:
        kept, _ = await leases.beat(connection, HOUR, media, slots)
        return {lease.media_id for lease in kept}

    return act


def releasing(lease: MediumLease) -> Act:
    """A worker gives a medium back."""

    async def act(connection: Connection) -> object:
        await leases.release(connection, lease)
        return None

    return act


async def purging(connection: Connection) -> object:
    """Deleted media are forgotten."""
    async with connection.transaction():
        return await purge.purge_media(connection, timedelta(0), 10)


def editing(statement: str, media_id: int) -> Act:
    """A person, or the platform, does this to a medium ($1)."""

    async def act(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(statement, media_id)

    return act


@dataclass
class Topic:
    """What a broker would have got: event ids, in order."""

    sent: list[str] = field(default_factory=list)

    async def partitions_for(self, topic: str) -> set[int]:  # noqa: ARG002
        """One."""
        return {0}

    async def send(self, topic: str, value: bytes, key: bytes, headers: Any) -> "Sent":  # noqa: ARG002
        """Taken and acknowledged."""
        self.sent.append(dict(headers)["ce_id"].decode())
        return Sent()


class Sent:
    """An acknowledgement that is there already."""

    def __await__(self) -> Any:
        """Nothing to wait for."""
        yield from ()


async def relaying(connection: Connection) -> list[str]:
    """The relay publishes what it finds; the ids of the events."""
    relay, topic = Relay(OnePool(connection), KafkaSettings(("nowhere:1",)), deadline=600.0), Topic()
    relay._producer = topic
    await relay.relay_batch()
    return topic.sent
