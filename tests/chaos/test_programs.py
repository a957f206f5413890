"""A few of the programs with small numbers, on every run; all of them, and large: `make chaos`."""

import os
import random
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.chaos.program import perform
from tests.chaos.programs import PROGRAMS
from tests.chaos.theatre import Theatre, open_theatre

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUICK = ("cut-connections", "restarts", "repeated-events", "stops", "relays", "lost-answers")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theatre() -> AsyncIterator[Theatre]:
    """Return a PostgreSQL and a broker that may be broken."""
    async with open_theatre() as opened:
        yield opened


@pytest.fixture
def seed() -> int:
    """Return a number that is printed; ACCEPTANCE_SEED repeats a run."""
    chosen = int(os.environ.get("ACCEPTANCE_SEED") or random.randrange(2**32))
    print(f"ACCEPTANCE_SEED={chosen}")  # noqa: T201 - pytest shows it where a test fails
    return chosen


@pytest.mark.parametrize("name", QUICK)
async def test_nothing_is_lost_doubled_or_failed(
    theatre: Theatre, seed: int, name: str, figure: Callable[[str], None]
) -> None:
    outcome = await perform(PROGRAMS[name], theatre, seed, quick=True, tell=print)

    assert outcome.broken == {}
    figures = outcome.figures
    assert outcome.faults, "something was broken"
    assert (figures.lost, figures.doubled, figures.failed, figures.letters) == (0, 0, 0, 0)
    figure(
        f"{sum(outcome.faults.values())} faults in {outcome.seconds:.0f} s, {figures.wasted} of {figures.calls} calls"
        f" wasted, {figures.repeats} repeats, at rest after {figures.seconds:.0f} s"
    )
