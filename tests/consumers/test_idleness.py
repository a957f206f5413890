"""How long a slot stood idle although there was work."""

from hypothesis import given
from hypothesis import strategies as st

from consumers.idleness import Idleness


def test_a_slot_given_back_waits_until_the_next_claim() -> None:
    idleness = Idleness()
    idleness.free(10.0)
    assert idleness.claim(10.5) == 0.5


def test_time_in_which_there_was_nothing_does_not_count() -> None:
    idleness = Idleness()
    idleness.free(10.0)
    idleness.find_nothing(14.0)
    assert idleness.claim(14.25) == 0.25


def test_the_first_claims_missed_nothing() -> None:
    assert Idleness().claim(99.0) == 0.0


@given(st.lists(st.sampled_from(["free", "find_nothing", "claim"]), max_size=30))
def test_it_is_never_negative_and_never_longer_than_the_slot_was_free(steps: list[str]) -> None:
    idleness, freed = Idleness(), list[int]()
    for now, step in enumerate(steps):
        if step == "claim":
            assert 0 <= idleness.claim(now) <= (now - freed.pop(0) if freed else 0)
        else:
            getattr(idleness, step)(now)
            freed += [now] * (step == "free")
