"""Worlds whose processes are forked."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.acceptance.conftest import dice, make
from tests.crash.forge import Forge

__all__ = ["dice", "forge", "make"]


@pytest_asyncio.fixture(loop_scope="session")
async def forge() -> AsyncIterator[Forge]:
    """Return what starts processes quickly."""
    async with Forge() as forging:
        yield forging
