"""Intake: events of other programs, and our own echo, become plans; offsets follow what PostgreSQL holds."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog
from aiokafka.errors import KafkaError

from consumers.flood import Flooded, FloodGate
from consumers.kafka import KafkaSettings
from consumers.planning import plan_triage
from consumers.pulse import Pulse
from consumers.reader import PATIENCE, Message, Reader, open_reader
from consumers.triage import Rules, Triage, make_letter, triage
from consumers.waiting import wait_for_any
from contracts.dead_letters import KEPT_BYTES, DeadLetter
from contracts.json_objects import MAX_BYTES
from contracts.topics import Topic
from db import dead_letters, intake_stop, outbox
from db.failures import is_repeatable
from db.intake_stop import IntakeStop
from db.pool import Pool
from handlers.backoff import Backoff
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner

log = structlog.get_logger("bildwerk.consumers.intake")

LAST_POLL_SECONDS = 1.0
VALUE_FAULTS = ("22", "23")
"""PostgreSQL's error classes "data exception" and "integrity constraint violation": the fault of what was written."""


@dataclass
class Intake:
    """Plans what events name. `planned` hears what it came to; Kafka or PostgreSQL being away only delays it.

    An event larger than `max_bytes` is a dead letter, and up to `kept_bytes` of a dead letter are kept. When `gate`
    says that there are too many on one topic, no process takes any more until a person lifts the stop: `stopped` says
    why, and every `look` seconds it is looked whether it was lifted.
    """

    pool: Pool
    planner: Planner
    kafka: KafkaSettings
    planned: Callable[[Planned], None] = lambda _planned: None
    batch: int = 500
    max_bytes: int = MAX_BYTES
    kept_bytes: int = KEPT_BYTES
    gate: FloodGate = field(default_factory=FloodGate)
    backoff: Backoff = field(default_factory=lambda: Backoff(tries=0, base=0.5, cap=10.0))
    look: float = 2.0
    pulse: Pulse = field(default_factory=Pulse)
    stopped: IntakeStop | None = field(default=None, init=False)
    _reader: Reader | None = field(default=None, init=False)
    _source: str = field(default="", init=False)
    _failures: int = field(default=0, init=False)
    _unplanned: str = field(default="", init=False)
    _last: DeadLetter | None = field(default=None, init=False)
    _gates: dict[Topic, FloodGate] = field(default_factory=dict, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Take events until `stop` is set."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                if await self._is_stopped():
                    self.pulse.beat(self.look)
                    await wait_for_any(self.look, stop)
                    continue
                async with open_reader(self.kafka) as self._reader:
                    await self._take_all(self._reader, stop)
            except (KafkaError, OSError) as error:
                await self._wait("intake.kafka_away", error, stop)
            finally:
                self._reader = None

    def trouble(self) -> str | None:
        """Why no event comes, though this process is well; None: they come."""
        return "not connected" if self._reader is None else self._reader.trouble(monotonic())

    @property
    def unplanned(self) -> str:
        """The name of the error that keeps the batch in hand from being planned; empty: there is none."""
        return self._unplanned

    async def _is_stopped(self) -> bool:
        """Whether intake is stopped, by us or by another process; while nobody can say, as it was."""
        try:
            async with self.pool.acquire() as connection:
                found = await intake_stop.read(connection)
        except Exception as error:
            if not is_repeatable(error):
                raise
            return self.stopped is not None
        if found is not None and self.stopped is None:
            log.warning("intake.stopped", dead=found.dead, events=found.events, reason=found.reason)
        elif found is None and self.stopped is not None:
            log.info("intake.resumed")
            self._gates = {}
        self.stopped = found
        return found is not None

    async def _take_all(self, reader: Reader, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.pulse.beat()
            messages = await self._poll(reader, stop)
            if not messages:
                continue
            try:
                if await self._is_stopped() or not await self._take_or_stop(messages):
                    await reader.rewind()
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, what was not planned is read again
                self._unplanned = type(error).__name__
                await reader.rewind()
                await self._wait("intake.repeated", error, stop)
            else:
                await reader.settle(messages)
                self._failures, self._unplanned = 0, ""

    async def _take_or_stop(self, messages: Sequence[Message]) -> bool:
        """False when there are too many dead letters among them: the stop is on record, and nothing may be settled."""
        try:
            await self.take(messages)
        except Flooded as flooded:
            assert self._last is not None
            last = self._last.origin
            place = (self._last.reason, last.topic, last.partition, last.offset)
            async with self.pool.acquire() as connection:
                await intake_stop.put(connection, IntakeStop(flooded.dead, flooded.events, *place))
                self.stopped = await intake_stop.read(connection)
            log.critical(
                "intake.flooded", dead=flooded.dead, events=flooded.events, reason=self._last.reason,
                topic=last.topic, offset=last.offset,
            )  # fmt: skip
            return False
        return True

    async def _poll(self, reader: Reader, stop: asyncio.Event) -> list[Message]:
        """The next messages. A get is never cancelled, but for the last one: joining a group can take very long.

        Raises KafkaError when it takes longer than that: no message of a reader that is thrown away is lost.
        """
        patience = PATIENCE * self.kafka.rebalance_timeout
        polling = asyncio.create_task(reader.poll(self.batch))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([polling, stopping], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not polling.done() and not stopping.done():
                raise KafkaError("the client does not come back")
            if not polling.done():
                await asyncio.wait([polling], timeout=LAST_POLL_SECONDS)
            return polling.result() if polling.done() else []
        finally:
            stopping.cancel()
            polling.cancel()

    async def take(self, messages: Sequence[Message]) -> None:
        """Plan a batch, each message at least once. One that cannot be planned is a dead letter; the others go on.

        Raises what PostgreSQL being away raises, and Flooded; nothing of the batch may be settled then.
        """
        self.pulse.beat()
        if not self._source:
            async with self.pool.acquire() as connection:
                self._source = await outbox.name_source(connection)
        todo = triage(messages, self._source, self._rules())
        gates = self._pass_gates(messages, todo.dead, todo.letters)
        try:
            planned = await self._plan(todo)
        except Exception as error:
            if not is_fault_of_value(error):
                raise
            await self._take_apart(messages, error)
            return
        self._gates = gates
        self._tell(planned, todo, len(messages))

    async def _take_apart(self, messages: Sequence[Message], error: Exception) -> None:
        if len(messages) > 1:
            for message in messages:
                await self.take([message])
            return
        letter = make_letter(messages[0], self._rules(), "unplannable", type(error).__name__)
        gates = self._pass_gates(messages, [True], [letter])
        log.error("intake.unplannable", error=type(error).__name__)
        async with self.pool.acquire() as connection, connection.transaction():
            await dead_letters.bury(connection, [letter])
        self._gates = gates

    async def _plan(self, todo: Triage) -> Planned:
        async with self.pool.acquire() as connection, connection.transaction():
            planned = await plan_triage(connection, self.planner, todo)
            await dead_letters.bury(connection, todo.letters)
        return planned

    def _pass_gates(
        self, messages: Sequence[Message], dead: Sequence[bool], letters: Sequence[DeadLetter]
    ) -> dict[Topic, FloodGate]:
        """The gate of each topic after these messages: another one's good events say nothing of it. Raises Flooded."""
        gates = dict(self._gates)
        for topic in {message.topic for message in messages}:
            ours = [each for message, each in zip(messages, dead, strict=True) if message.topic is topic]
            self._last = next((x for x in reversed(letters) if x.origin.topic == self.kafka.name(topic)), self._last)
            gates[topic] = gates.get(topic, self.gate).after(ours)
        return gates

    def _rules(self) -> Rules:
        chain = self.planner.chain
        return Rules(frozenset(chain.upstreams), chain.foreign, self.max_bytes, self.kept_bytes, self.kafka.key)

    def _tell(self, planned: Planned, todo: Triage, messages: int) -> None:
        log.debug("intake.planned", messages=messages, media=planned.media, changed=planned.changed)
        for letter in todo.letters:
            log.warning("intake.dead_letter", reason=letter.reason, offset=letter.origin.offset)
        for code, count in (+todo.ignored).items():
            log.info("intake.ignored", reason=code, count=count)
        self.planned(planned)

    async def _wait(self, event: str, error: Exception, stop: asyncio.Event) -> None:
        self._failures += 1
        known = isinstance(error, KafkaError) or is_repeatable(error)
        log.log(30 if known else 40, event, error=type(error).__name__, failures=self._failures)
        self.pulse.beat(self.backoff.delay(self._failures))
        await wait_for_any(self.backoff.delay(self._failures), stop)


def is_fault_of_value(error: Exception) -> bool:
    """Whether another event might pass: a bug met one event, or PostgreSQL cannot hold what it says."""
    if is_repeatable(error):
        return False
    state = getattr(error, "sqlstate", None)
    return state is None or state[:2] in VALUE_FAULTS
