"""What the tests' own parts assert is explained like what the tests assert."""

import pytest

pytest.register_assert_rewrite("tests")

LONGEST = "tests/spec/test_cells.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the longest file first, so that no process has it left at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
