"""faststream-concurrent-aiokafka: a task per message, offsets committed up to the first that is not done."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import ContextRepo, FastStream
from faststream.middlewares import AckPolicy
from faststream_concurrent_aiokafka import (
    KafkaConcurrentProcessingMiddleware,
    initialize_concurrent_processing,
    stop_concurrent_processing,
)

from bench.peers.programs.coroutine import open_handler
from bench.peers.programs.faststream_application import make_broker, subscribe
from bench.peers.programs.orders import Orders, read_orders


async def serve(orders: Orders) -> None:
    """Run until a signal."""
    broker = make_broker(orders)
    broker.add_middleware(KafkaConcurrentProcessingMiddleware)

    @asynccontextmanager
    async def lifespan(_: ContextRepo) -> AsyncIterator[None]:
        async with open_handler(orders) as handler:
            broker.context.set_global("handler", handler)
            # For the peer's good every answer is committed at once where one takes long; the rest is as it says.
            await initialize_concurrent_processing(
                context=broker.context,
                concurrency_limit=orders.concurrency,
                commit_batch_size=100 if orders.nothing else 1,
                commit_batch_timeout_sec=5.0 if orders.nothing else 1.0,
            )
            try:
                yield
            finally:
                await stop_concurrent_processing(broker.context)

    subscribe(broker, orders, AckPolicy.MANUAL)
    await FastStream(broker, lifespan=lifespan).run(log_level=logging.WARNING)


if __name__ == "__main__":
    asyncio.run(serve(read_orders()))
