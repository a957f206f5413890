"""FastStream: one message after the other, acknowledged when it is done; `ACK` would do that to what failed, too."""

import asyncio

from faststream.middlewares import AckPolicy

from bench.peers.programs.faststream_application import serve
from bench.peers.programs.orders import read_orders

if __name__ == "__main__":
    asyncio.run(serve(read_orders(), AckPolicy.NACK_ON_ERROR))
