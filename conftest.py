"""What the tests assert in parts of their own is explained, too; the longest file comes first; what hangs fails."""

import pytest

pytest.register_assert_rewrite("tests")
pytest_plugins = ["tests.hanging"]

LONGEST = "tests/spec/test_cells.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the longest file first, so that no process has it left at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
