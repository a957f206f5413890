"""Which model a host is to run next."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumers.model_choice import SwapLimits, choose_model
from db.hosts import Standing

TURNS = ("a", "b", "c")
LIMITS = SwapLimits(media=5, seconds=60.0)
FRESH = Standing("host:1", "a", served=1, seconds=1.0, free=2, busy=0, reserved=False)
SERVED = replace(FRESH, served=5)


def choose(
    standing: Standing, waiting: set[str], serves: set[str] | None = None, elsewhere: set[str] | None = None
) -> str | None:
    return choose_model(standing, TURNS, waiting, serves or set(TURNS), elsewhere or set(), LIMITS)


def test_a_host_keeps_its_model_until_it_had_its_turn() -> None:
    assert choose(FRESH, {"a", "b"}) == "a"
    assert choose(SERVED, {"a", "b"}) == "b"
    assert choose(replace(FRESH, seconds=60.0), {"a", "b"}) == "b"
    assert choose(SERVED, {"a"}) == "a", "nobody else waits"


def test_a_host_for_whose_model_nobody_waits_swaps_at_once() -> None:
    assert choose(FRESH, {"c"}) == "c"
    assert choose(replace(FRESH, model=None), {"b", "c"}) == "b"
    assert choose(FRESH, set()) is None


def test_a_host_is_drained_before_it_swaps() -> None:
    busy = replace(SERVED, free=1, busy=1)
    assert choose(busy, {"a", "b"}) is None
    assert choose(busy, {"b"}) is None
    assert choose(replace(FRESH, free=1, busy=1), {"a", "b"}) == "a", "its model goes on beside what is under way"


def test_models_take_turns() -> None:
    """Also the last one comes to its turn, however often the others are waited for."""
    assert [choose(replace(SERVED, model=model), set(TURNS)) for model in TURNS] == ["b", "c", "a"]


def test_no_host_makes_room_for_a_model_that_another_one_runs() -> None:
    assert choose(SERVED, {"a", "b"}, elsewhere={"b"}) == "a"
    assert choose(SERVED, {"a", "b", "c"}, elsewhere={"b"}) == "c"
    assert choose(SERVED, {"b"}, elsewhere={"b"}) == "b", "a host with nothing else to do helps"


def test_a_host_that_somebody_waits_for_begins_nothing() -> None:
    assert choose(replace(FRESH, reserved=True), set(TURNS)) is None


STANDINGS = st.builds(
    Standing, st.just("host:1"), st.sampled_from([None, *TURNS]), st.integers(0, 10), st.floats(0, 100),
    st.integers(0, 2), st.integers(0, 2), st.booleans(),
)  # fmt: skip
MODELS = st.sets(st.sampled_from(TURNS))


@given(STANDINGS, MODELS, MODELS, MODELS)
def test_what_is_chosen_waits_is_there_and_is_alone(
    standing: Standing, waiting: set[str], serves: set[str], elsewhere: set[str]
) -> None:
    """Never two models at once; and a free host on which nothing runs is idle only when nothing waits for it."""
    chosen = choose_model(standing, TURNS, waiting, serves, elsewhere, LIMITS)
    if chosen is not None:
        assert chosen in waiting & serves
        assert standing.free
        assert chosen == standing.model or not standing.busy
    elif standing.free and not standing.busy and not standing.reserved:
        assert not waiting & serves
