"""A relay and nothing else, as a process: `python -m tests.chaos.relay_process URL BROKER WORD`."""

import asyncio
import signal
import sys

from consumers.kafka import KafkaSettings
from consumers.relay import Relay
from contracts.topics import Topic
from db.pool import Database, open_pool

BATCH = 100
IDLE_SECONDS = 3.0
"""After which PostgreSQL ends a frozen relay's transaction; the service as it comes has 15."""


async def main(url: str, broker: str, word: str) -> None:
    """Publish until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    topics = {topic: f"{word}.{topic.value}" for topic in Topic}
    settings = KafkaSettings((broker,), topics=topics, idempotence=False, send_timeout=3.0)
    async with open_pool(Database(url, pool_size=2, idle_in_transaction_timeout=IDLE_SECONDS)) as pool:
        print("started", flush=True)  # noqa: T201
        await Relay(pool, settings, batch=BATCH, poll=0.05, deadline=1.0).run(stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
