"""FastStream with whole batches, as bildwerk takes them: only for what is done about no event."""

import asyncio
from typing import Any

from faststream.middlewares import AckPolicy

from bench.peers.programs.faststream_application import HANDLER, make_broker, run_application
from bench.peers.programs.orders import Event, Orders, read_orders

BATCH = 500


async def serve(orders: Orders) -> None:
    """Run until a signal."""
    broker = make_broker(orders)

    @broker.subscriber(
        orders.topic, group_id=orders.group, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR,
        batch=True, max_records=BATCH,
        session_timeout_ms=orders.session_ms, heartbeat_interval_ms=orders.session_ms // 6,
    )  # fmt: skip
    async def handle(bodies: list[dict[str, Any]], handler: Any = HANDLER) -> None:
        for body in bodies:
            await handler(Event(**body))

    await run_application(broker, orders)


if __name__ == "__main__":
    asyncio.run(serve(read_orders()))
