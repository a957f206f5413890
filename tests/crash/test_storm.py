"""More than a hundred SIGKILLs while 600 jobs are done: nothing is lost, doubled or failed."""

import random
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import MakeWorld
from tests.crash.storm import SLOW, run_storm

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_hundred_kills_lose_and_double_nothing(
    make: MakeWorld, dice: random.Random, figure: Callable[[str], None]
) -> None:
    world = await make(*SLOW)
    figure(await run_storm(dice.randrange(2**32), world))
