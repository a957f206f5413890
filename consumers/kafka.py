"""How we speak to Kafka: settings, the consumer and the producer that follow from them, and the topics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import aiokafka.client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from consumers.access import PLAIN, Access, find_refusal
from consumers.unfolding import bound_unfolding
from contracts.codec import Mode
from contracts.keys import PLACE
from contracts.topics import INTAKE_TOPICS, Topic

Consumer: TypeAlias = Any
"""An AIOKafkaConsumer; aiokafka ships no types."""
Producer: TypeAlias = Any
"""An AIOKafkaProducer."""


class _Look(MetadataRequest):  # type: ignore[misc]
    """A question about topics. As aiokafka puts it, a broker as Kafka comes makes what is missing, of one partition."""

    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False)


aiokafka.client.MetadataRequest = _Look  # it has no option for this


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where Kafka is and how long we wait for it; times in seconds.

    `topics` gives the cluster's names of the topics in the contract; those not in it go by their own. `idempotence` is
    the producer's (the embedded broker has none). A fetch waits at the broker for up to `fetch_wait` when there is
    nothing; Apache Kafka answers as soon as there is, the embedded broker looks only a few times meanwhile. `mode` and
    `key` are of what we send: how a CloudEvent is written, and the key of a medium's events. All members of `group`
    must use equal settings.
    """

    servers: tuple[str, ...]
    group: str = "bildwerk"
    topics: Mapping[Topic, str] = field(default_factory=lambda: MappingProxyType({}))
    idempotence: bool = True
    access: Access = PLAIN
    session_timeout: float = 45.0
    rebalance_timeout: float = 60.0
    send_timeout: float = 10.0
    fetch_wait: float = 0.5
    mode: Mode = Mode.BINARY
    key: str = PLACE

    def name(self, topic: str) -> str:
        """The cluster's name of a topic of the contract."""
        return self.topics.get(Topic(topic), str(topic)) if topic in set(Topic) else topic

    def topic(self, name: str) -> Topic:
        """The contract's topic behind one of the cluster's names."""
        return next(topic for topic in Topic if self.name(topic) == name)


def make_consumer(settings: KafkaSettings, *, member: bool = True) -> Consumer:
    """Return a consumer, not started and subscribed to nothing, that commits nothing by itself.

    One that is no `member` of the group reads what it is assigned, and can commit nothing at all.

    One Range assignor puts partition p of all our topics into the same hands. A join is answered only when the whole
    group is there, so a request may take longer than a rebalance. Events are small: what is fetched ahead is little,
    and a larger message still comes alone (KIP-74).
    """
    bound_unfolding()
    return AIOKafkaConsumer(
        bootstrap_servers=list(settings.servers),
        client_id="bildwerk",
        group_id=settings.group if member else None,
        partition_assignment_strategy=(RangePartitionAssignor,),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=256 * 1024,
        fetch_max_wait_ms=_ms(settings.fetch_wait),
        session_timeout_ms=_ms(settings.session_timeout),
        heartbeat_interval_ms=_ms(min(3.0, settings.session_timeout / 3)),
        rebalance_timeout_ms=_ms(settings.rebalance_timeout),
        request_timeout_ms=_ms(settings.rebalance_timeout + 5.0),
        **settings.access.arguments(),
    )


def make_producer(settings: KafkaSettings) -> Producer:
    """Return a producer, not started; a message counts as sent when all in-sync replicas have it.

    It waits for no more messages: whoever has several gives them at once, and they leave together.
    """
    return AIOKafkaProducer(
        bootstrap_servers=list(settings.servers),
        client_id="bildwerk",
        acks="all",
        enable_idempotence=settings.idempotence,
        request_timeout_ms=_ms(settings.send_timeout),
        **settings.access.arguments(),
    )


async def count_partitions(settings: KafkaSettings) -> dict[str, int]:
    """Partitions of each of our topics by the cluster's name; 0: it is missing. Raises KafkaError or OSError."""
    admin = await _open_admin(settings)
    try:
        known = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics() if t["error_code"] == 0}
    finally:
        await admin.close()
    return {settings.name(topic): known.get(settings.name(topic), 0) for topic in Topic}


async def list_brokers(settings: KafkaSettings) -> frozenset[str]:
    """The addresses of the brokers that make up the cluster now; none while it does not answer."""
    try:
        admin = await _open_admin(settings)
    except (KafkaError, OSError):
        return frozenset()
    try:
        answer = await admin.describe_cluster()
    except (KafkaError, OSError):
        return frozenset()
    finally:
        await admin.close()
    return frozenset(f"{broker['host']}:{broker['port']}" for broker in answer["brokers"])


async def create_topics(settings: KafkaSettings, partitions: int = 12, replication: int = 1) -> tuple[str, ...]:
    """Create those of our topics that are missing, with equal partition counts; returns the names of the new ones.

    Safe to run twice and by several processes at once. Raises KafkaError or OSError.
    """
    missing = [name for name, there in (await count_partitions(settings)).items() if not there]
    if not missing:
        return ()
    admin = await _open_admin(settings)
    try:
        answer = await admin.create_topics([NewTopic(name, partitions, replication) for name in missing])
    finally:
        await admin.close()
    created = []
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created")
        created += [] if code else [name]
    return tuple(created)


def subscription(settings: KafkaSettings) -> list[str]:
    """The cluster's names of the topics that intake reads."""
    return [settings.name(topic) for topic in INTAKE_TOPICS]


async def _open_admin(settings: KafkaSettings) -> Any:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=list(settings.servers),
        client_id="bildwerk",
        request_timeout_ms=_ms(settings.send_timeout),
        **settings.access.arguments(),
    )
    try:
        await admin.start()
    except KafkaConnectionError:
        await admin.close()
        if refusal := await find_refusal(settings.servers, settings.access, settings.send_timeout):
            raise refusal from refusal.__cause__
        raise
    except (KafkaError, OSError):
        await admin.close()
        raise
    return admin


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
