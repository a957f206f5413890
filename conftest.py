"""What the tests' own parts assert is explained like what the tests assert."""

import pytest

pytest.register_assert_rewrite("tests")
