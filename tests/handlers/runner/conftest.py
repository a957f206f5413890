"""What tests of the runner share."""

import pytest

from tests.gallery import Gallery
from tests.ledger import Ledger


@pytest.fixture
def gallery(ledger: Ledger) -> Gallery:
    """Return an empty library."""
    return Gallery(ledger)
