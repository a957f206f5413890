"""A replay remembers every medium that it planned, and must not grow with the library."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from consumers.media_set import BLOCK, MediaSet

IDS = st.integers(-(2**63), 2**63 - 1) | st.integers(-2 * BLOCK, 2 * BLOCK)


@given(st.sets(IDS), st.sets(IDS))
def test_it_holds_what_was_put_in_and_nothing_else(some: set[int], others: set[int]) -> None:
    media = MediaSet()
    media.update(some)
    media.update(some)

    assert all(media_id in media for media_id in some)
    assert [media_id for media_id in others if media_id in media] == [x for x in others if x in some]


def test_a_hundred_thousand_media_take_less_than_a_byte_each() -> None:
    tracemalloc.start()
    try:
        media = MediaSet()
        media.update(range(1, 100_001))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 100_000 in media
    assert taken < 100_000
