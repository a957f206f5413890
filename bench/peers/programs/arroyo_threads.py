"""arroyo: messages handed to a pool of threads, offsets committed in the order of arrival."""

import signal
from collections.abc import Callable, Mapping

from arroyo.backends.kafka import KafkaConsumer, KafkaPayload
from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration
from arroyo.commit import IMMEDIATE, ONCE_PER_SECOND
from arroyo.processing import StreamProcessor
from arroyo.processing.strategies import CommitOffsets, ProcessingStrategy, ProcessingStrategyFactory, RunTaskInThreads
from arroyo.types import Commit, Message, Partition, Topic

from bench.peers.programs.function import open_handler
from bench.peers.programs.orders import Event, Orders, read_event, read_orders

MANY = 10_000


class Factory(ProcessingStrategyFactory[KafkaPayload]):
    """What is done with the partitions that were assigned."""

    def __init__(self, orders: Orders, handle: Callable[[Event], None]) -> None:
        self._orders, self._handle = orders, handle

    def create_with_partitions(
        self, commit: Commit, partitions: Mapping[Partition, int]
    ) -> ProcessingStrategy[KafkaPayload]:
        """As many threads as calls at once; a few messages wait for them, many where nothing is done about one."""
        del partitions  # one pool for all of them; it is handed over by name
        concurrency = self._orders.concurrency
        # It sleeps for 10 ms whenever the queue is full: a short one would be all that is measured.
        waiting = MANY if self._orders.nothing else 4 * concurrency
        return RunTaskInThreads(self._take, concurrency, waiting, CommitOffsets(commit))

    def _take(self, message: Message[KafkaPayload]) -> None:
        self._handle(read_event(message.payload.value))


def main(orders: Orders) -> None:
    """Run until a signal."""
    configuration = build_kafka_consumer_configuration(
        {"session.timeout.ms": orders.session_ms, "heartbeat.interval.ms": orders.session_ms // 6},
        group_id=orders.group,
        bootstrap_servers=[orders.servers],
        # By default librdkafka commits every five seconds, whatever the policy says.
        enable_auto_commit=bool(orders.nothing),
    )
    # For the peer's good every answer is committed at once where one takes long.
    policy = ONCE_PER_SECOND if orders.nothing else IMMEDIATE
    with open_handler(orders) as handle:
        processor = StreamProcessor(
            KafkaConsumer(configuration), Topic(orders.topic), Factory(orders, handle), commit_policy=policy
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: processor.signal_shutdown())
        processor.run()


if __name__ == "__main__":
    main(read_orders())
