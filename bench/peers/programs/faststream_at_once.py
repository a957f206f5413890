"""FastStream with `max_workers` as it is by default: acknowledged before it is done, and so at most once."""

import asyncio

from faststream.middlewares import AckPolicy

from bench.peers.programs.faststream_application import serve
from bench.peers.programs.orders import read_orders

if __name__ == "__main__":
    orders = read_orders()
    asyncio.run(serve(orders, AckPolicy.ACK_FIRST, orders.concurrency))
