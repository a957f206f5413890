"""That nobody is told of 99 of 100 who did not measure a hundred."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import duplicates, hop, waiting
from bench.designs import READ
from bench.percentiles import take_percentile


@given(st.lists(st.floats(0, 10), min_size=100, max_size=300), st.sampled_from((50, 99)))
def test_so_many_of_100_took_at_most_that_long(seconds: list[float], share: int) -> None:
    most = take_percentile(seconds, share) / 1000 + 1e-9
    assert sum(one <= most for one in seconds) >= len(seconds) * share // 100


@pytest.mark.parametrize(("share", "few"), [(99, 99), (99, 0), (50, 1)])
def test_of_too_few_nothing_is_said_unless_nothing_is_measured(share: int, few: int) -> None:
    with pytest.raises(AssertionError, match="too few"):
        take_percentile([1.0] * few, share)
    if few:
        assert take_percentile([1.0] * few, share, quick=True) == 1000.0


def test_every_part_that_tells_of_99_of_100_measures_a_hundred() -> None:
    told = [count for name, count in duplicates.DESIGN_SEARCHES.items() if name != READ]
    assert min(*duplicates.SEARCHES.values(), *told, hop.PICTURES - hop.WARM, hop.COMMITS, waiting.CLAIMS) >= 100
