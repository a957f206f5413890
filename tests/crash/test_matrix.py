"""At every step of the path, with all eight job types and all topics, a process dies: nothing is lost or doubled."""

import os
import random
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import MakeWorld
from tests.acceptance.world import REPOSITORY
from tests.crash.cases import list_cases, pick
from tests.crash.matrix import SLOW, run_matrix
from tests.crash.points import BY_NAME, JOBS, POINTS, make_table
from tests.crash.wounds import resolve

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONLY = tuple(os.environ.get("CRASH_ONLY", "").split(","))
"""What the names of points begin with, for a person at work on some of them."""


async def test_every_point_names_a_function_of_its_own() -> None:
    assert len(BY_NAME) == len(POINTS)
    assert len(JOBS) == 8
    for point in POINTS:
        assert callable(resolve(point.target)[2])
        assert not point.within or callable(resolve(point.within)[2])


async def test_the_page_lists_every_point() -> None:
    """`python -c "from tests.crash.points import make_table; print(make_table())"` writes it."""
    assert make_table() in (REPOSITORY / "docs" / "reliability-crashes.md").read_text()


async def test_a_crash_at_any_point_loses_and_doubles_nothing(
    make: MakeWorld, dice: random.Random, figure: Callable[[str], None]
) -> None:
    """Every point with one of its subjects, drawn anew each time; CRASH_ALL=1: with all of them (six minutes)."""
    worlds = [await make(*SLOW) for _ in range(2)]
    cases = [case for case in list_cases() if case.name.startswith(ONLY)]
    if not os.environ.get("CRASH_ALL"):
        cases = pick(cases, dice)
    figures = await run_matrix(dice.randrange(2**32), worlds[0], worlds[1], cases)
    assert figures.crashes == len(cases)
    figure(str(figures))
