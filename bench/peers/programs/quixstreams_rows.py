"""quixstreams: one message after the other, offsets committed with its checkpoints."""

from quixstreams import Application

from bench.peers.programs.function import open_handler
from bench.peers.programs.orders import Event, Orders, read_orders


def main(orders: Orders) -> None:
    """Run until a signal."""
    application = Application(
        broker_address=orders.servers,
        consumer_group=orders.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        # For the peer's good there is a checkpoint after every answer where one takes long (else every 5 seconds).
        commit_every=0 if orders.nothing else 1,
        consumer_extra_config={
            "session.timeout.ms": orders.session_ms,
            "heartbeat.interval.ms": orders.session_ms // 6,
        },
    )
    with open_handler(orders) as handle:
        rows = application.dataframe(application.topic(orders.topic, value_deserializer="json"))
        rows.update(lambda body: handle(Event(**body)))
        application.run()


if __name__ == "__main__":
    main(read_orders())
