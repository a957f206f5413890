"""FastStream with `max_workers` and acknowledgement afterwards: as many consumers, each with partitions of its own.

`ACK` would acknowledge what failed, too.
"""

import asyncio

from faststream.middlewares import AckPolicy

from bench.peers.programs.faststream_application import serve
from bench.peers.programs.orders import read_orders

if __name__ == "__main__":
    orders = read_orders()
    asyncio.run(serve(orders, AckPolicy.NACK_ON_ERROR, orders.concurrency))
