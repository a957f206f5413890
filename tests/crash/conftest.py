"""Worlds whose processes are forked."""

from tests.acceptance.conftest import dice, make

__all__ = ["dice", "make"]
