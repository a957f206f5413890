"""What the tests' own parts assert is explained like what the tests assert; the longest file first; what hangs fails."""

import pytest

pytest.register_assert_rewrite("tests")
pytest_plugins = ["tests.hanging"]

LONGEST = "tests/spec/test_cells.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the longest file first, so that no process has it left at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
