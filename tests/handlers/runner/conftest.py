"""What tests of the runner share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bildwerk.sandbox.ollama import Simulated
from consumers.manners import Manners
from handlers.chain import Chain
from handlers.inference.manner import Fusing
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Planner
from handlers.runner.writing import OPTIONAL_WRITES, EffectWriter
from tests.gallery import Gallery
from tests.ledger import Ledger
from tests.workshop import SPEED, Workshop, open_workshop


@pytest.fixture
def gallery(ledger: Ledger) -> Gallery:
    """Return an empty library."""
    return Gallery(ledger)


@pytest_asyncio.fixture
async def fusing(
    ledger: Ledger, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Return a workshop that asks for all due jobs of its one picture at once."""
    ledger.planner = Planner(Chain(load_stages()))
    async with open_workshop(ledger, await start_ollama(2, *SPEED), tmp_path) as workshop:
        finisher = Finisher(ledger.planner, writer=EffectWriter(OPTIONAL_WRITES))
        ollama = workshop.fleet.ollama
        workshop.fleet.manners = Manners(ledger.pool, ollama, Fusing.ALWAYS)
        await workshop.fleet.look()
        asker = replace(workshop.runner.asker, room=16_000)
        workshop.runner = replace(workshop.runner, finisher=finisher, asker=asker)
        yield workshop
