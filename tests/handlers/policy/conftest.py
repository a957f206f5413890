"""What tests of the policy read."""

from pathlib import Path

import pytest

import handlers.policy


@pytest.fixture
def root_of_policy() -> Path:
    (folder,) = handlers.policy.__path__
    return Path(folder)
