"""What goes away by asking again can also be told to a person, where nobody asks again."""

import asyncpg
import pytest

from db.failures import REPEATABLE, is_repeatable
from db.trouble import explain


@pytest.mark.parametrize("kind", REPEATABLE, ids=lambda kind: kind.__name__)
def test_every_error_that_is_repeated_has_a_sentence(kind: type[Exception]) -> None:
    assert is_repeatable(kind("away"))
    assert explain(kind("away"))


def test_a_value_that_does_not_fit_is_not_asked_for_again() -> None:
    class Misfit(asyncpg.InterfaceError, ValueError):  # type: ignore[misc]  # asyncpg carries no types
        """What asyncpg raises for a value of the wrong type."""

    assert not is_repeatable(Misfit("no number"))
