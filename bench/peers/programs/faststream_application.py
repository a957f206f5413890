"""FastStream as its documentation sets it up, but for what the peers' programs say."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faststream import Context, ContextRepo, FastStream
from faststream.kafka import KafkaBroker
from faststream.middlewares import AckPolicy

from bench.peers.programs.coroutine import open_handler
from bench.peers.programs.orders import Event, Orders

HANDLER = Context("handler")


def make_broker(orders: Orders) -> KafkaBroker:
    """The broker; for the peer's good it does not write two lines about every message."""
    return KafkaBroker(orders.servers, log_level=logging.DEBUG, graceful_timeout=30.0)


async def run_application(broker: KafkaBroker, orders: Orders) -> None:
    """Run until a signal; what handles events is in the application's context as long."""

    @asynccontextmanager
    async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
        async with open_handler(orders) as handler:
            context.set_global("handler", handler)
            yield

    await FastStream(broker, lifespan=lifespan).run(log_level=logging.WARNING)


def subscribe(broker: KafkaBroker, orders: Orders, policy: AckPolicy, workers: int = 1) -> None:
    """Let events be handled."""

    @broker.subscriber(
        orders.topic, group_id=orders.group, auto_offset_reset="earliest", ack_policy=policy, max_workers=workers,
        session_timeout_ms=orders.session_ms, heartbeat_interval_ms=orders.session_ms // 6,
    )  # fmt: skip
    async def handle(body: dict[str, Any], handler: Any = HANDLER) -> None:
        await handler(Event(**body))


async def serve(orders: Orders, policy: AckPolicy, workers: int = 1) -> None:
    """Run until a signal."""
    broker = make_broker(orders)
    subscribe(broker, orders, policy, workers)
    await run_application(broker, orders)
