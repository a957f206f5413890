"""Whose turn a claim is: every so many claims somebody comes first who would wait for ever behind a higher priority."""

OLDEST_EVERY = 8
"""One claim in so many goes to the medium that has waited longest, whatever its priority: nothing starves."""


def is_turn_of_oldest(claim: int) -> bool:
    """Whether the claim with this number, counted from 0, is for the medium that has waited longest."""
    return claim % OLDEST_EVERY == OLDEST_EVERY - 1
