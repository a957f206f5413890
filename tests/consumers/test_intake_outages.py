"""Intake behind a network that swallows everything: it says so, and begins anew by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.intake import Intake
from consumers.kafka import KafkaSettings, create_topics
from db.pool import Database, open_pool
from handlers.runner.planning import Planner
from tests.consumers.conftest import until
from tests.ledger import TEXTS, choose
from tests.tcp_proxy import TcpProxy, open_network


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[TcpProxy]:
    """Return a network with a broker of the test's own behind it."""
    async with open_network(tmp_path) as proxy:
        yield proxy


async def test_a_join_that_nobody_answers_is_begun_anew(database: str, network: TcpProxy) -> None:
    """The client would wait for ever; nothing is in the hands of a reader that is thrown away."""
    settings = KafkaSettings((network.address,), idempotence=False, session_timeout=2.0, rebalance_timeout=60.0)
    await create_topics(settings, 1)
    impatient = replace(settings, rebalance_timeout=1.5)
    stop = asyncio.Event()
    async with open_pool(Database(database)) as pool:
        intake = Intake(pool, Planner(choose(*TEXTS)), impatient)
        with capture_logs() as logs:
            running = asyncio.create_task(intake.run(stop))
            try:
                while intake._reader is None:
                    await asyncio.sleep(0)
                await network.blackhole()
                assert intake.trouble() == "not in the group yet"

                async def given_up() -> bool:
                    return any(entry["event"] == "intake.kafka_away" for entry in logs)

                await until(given_up, 60)
                await network.forward()

                async def consumes() -> bool:
                    return intake.trouble() is None

                await until(consumes, 60)
            finally:
                stop.set()
                await asyncio.wait_for(running, 60)
