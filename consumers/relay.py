"""The relay: outbox rows become messages, in order, and are deleted when the broker has them. One relay at a time."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic

import orjson
import structlog
from aiokafka.errors import KafkaError

from consumers.kafka import KafkaSettings, Producer, make_producer
from consumers.publishing import Published, Publisher
from consumers.pulse import Pulse
from consumers.waiting import wait_for_any
from contracts.dead_letters import DeadLetter, bound
from contracts.topics import Topic
from db import dead_letters, outbox
from db.failures import is_repeatable
from db.outbox import Row
from db.pool import Connection, Pool
from handlers.backoff import Backoff

log = structlog.get_logger("bildwerk.consumers.relay")


class Round(Enum):
    """How a round of the relay ended."""

    IDLE = "idle"
    SENT = "sent"
    EMPTIED = "emptied"
    """Sent, and there was no more."""
    BUSY = "busy"
    """Another relay is at it."""
    FAILED = "failed"


@dataclass
class Relay:
    """Publishes the outbox. Set `wake` after a commit that wrote to it; looking every `poll` seconds is the guarantee.

    `deadline` (seconds for a batch) must stay well below the pool's idle_in_transaction_timeout: the transaction, and
    with it the lock that makes this the only relay, is open while messages are on their way.
    """

    pool: Pool
    settings: KafkaSettings
    batch: int = 500
    poll: float = 1.0
    deadline: float = 5.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    backoff: Backoff = field(default_factory=lambda: Backoff(tries=0, base=0.5, cap=5.0))
    reopen: float = 30.0
    pulse: Pulse = field(default_factory=Pulse)
    _producer: Producer | None = field(default=None, init=False)
    _source: str = field(default="", init=False)
    _closed: dict[str, float] = field(default_factory=dict, init=False)
    _failures: int = field(default=0, init=False)
    _error: str = field(default="", init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; Kafka or PostgreSQL being away only delays it."""
        try:
            while not stop.is_set():
                self.pulse.beat()
                self.wake.clear()
                match await self.relay_batch():
                    case Round.IDLE | Round.EMPTIED:
                        self.pulse.beat(self.poll)
                        await wait_for_any(self.poll, self.wake, stop)
                    case Round.BUSY:
                        await wait_for_any(0.01, stop)
                    case Round.FAILED:
                        await wait_for_any(self.backoff.delay(self._failures), stop)
            if self._producer:
                await self.relay_batch()
        finally:
            await self._drop_producer()

    def trouble(self) -> str | None:
        """What keeps events from being published: the last round's error, or topics; None: nothing."""
        if self._failures:
            return self._error
        return ", ".join(self.settings.name(topic) for topic in sorted(self._closed_topics())) or None

    async def relay_batch(self) -> Round:
        """Publish the oldest rows, a batch at most."""
        try:
            ended = await self._relay()
        except Exception as error:
            if not isinstance(error, KafkaError) and not is_repeatable(error):
                raise
            self._note_failure(error)
            ended = Round.FAILED
        if ended is Round.FAILED:
            await self._drop_producer()
        else:
            self._failures = 0
        return ended

    async def _relay(self) -> Round:
        if self._producer is None:
            self._producer = await open_producer(self.settings)
        async with self.pool.acquire() as connection, connection.transaction():
            if not await outbox.try_lock(connection):
                return Round.BUSY
            rows = await outbox.list_rows(connection, self.batch, self._closed_topics())
            if not rows:
                return Round.IDLE
            self._source = self._source or await outbox.name_source(connection)
            publisher = Publisher(self._producer, self.settings, self._source, self.deadline)
            published = await publisher.publish(rows)
            await self._settle(connection, published)
        self._note(published, len(rows))
        if published.error:
            return Round.FAILED
        return Round.EMPTIED if len(published.acknowledged) == len(rows) < self.batch else Round.SENT

    async def _settle(self, connection: Connection, published: Published) -> None:
        letters = [_letter(row) for row in published.refused if row.topic != Topic.DEAD_LETTER]
        await outbox.delete(connection, [row.id for row in (*published.acknowledged, *published.refused)])
        await dead_letters.bury(connection, letters)

    def _note(self, published: Published, rows: int) -> None:
        for topic in published.closed_topics:
            self._closed[topic] = monotonic() + self.reopen
            log.error("relay.topic_closed", topic=topic, seconds=self.reopen)
        for row in published.refused:
            log.error("relay.refused", event_id=str(row.event_id), topic=row.topic)
        if published.acknowledged:
            log.debug("relay.sent", rows=len(published.acknowledged), of=rows)
        if published.error:
            self._note_failure(published.error)

    def _note_failure(self, error: BaseException) -> None:
        self._failures += 1
        self._error = type(error).__name__
        log.warning("relay.repeated", error=self._error, failures=self._failures)

    def _closed_topics(self) -> list[str]:
        now = monotonic()
        self._closed = {topic: until for topic, until in self._closed.items() if until > now}
        return list(self._closed)

    async def _drop_producer(self) -> None:
        """A producer that failed once may have lost its sender for good (aiokafka#1017): the next round makes anew."""
        producer, self._producer = self._producer, None
        if producer:
            await close_producer(producer, self.settings)


async def open_producer(settings: KafkaSettings) -> Producer:
    """Return a producer that is connected. Raises KafkaError or TimeoutError."""
    producer = make_producer(settings)
    try:
        await asyncio.wait_for(producer.start(), settings.send_timeout)
    except BaseException:
        await close_producer(producer, settings)
        raise
    return producer


async def close_producer(producer: Producer, settings: KafkaSettings) -> None:
    """Close a producer; what it still holds gets its time-out to arrive, and then a little to end."""
    try:
        await asyncio.wait_for(producer.stop(), settings.send_timeout + 2.0)
    except (KafkaError, TimeoutError) as error:
        log.warning("relay.not_closed", error=type(error).__name__)


def _letter(row: Row) -> DeadLetter:
    timestamp = round(row.created_at.timestamp() * 1000)
    origin = bound((row.topic, -1, row.id, timestamp), row.key.encode(), orjson.dumps(row.payload))
    return DeadLetter(origin, "refused_by_broker")
