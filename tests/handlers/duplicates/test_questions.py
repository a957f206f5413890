"""About whom the model is asked."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from contracts.duplicates import ASKED, ASKS, Better, Level, Likeness, Opinion, Pair, Relation
from contracts.facts import MediaFacts
from handlers.duplicates.questions import (
    ALIASES,
    choose_shown,
    collect,
    list_open,
    list_referred,
    name_shown,
    take_inputs,
)

ME = 50
OPINIONS = st.none() | st.builds(Opinion, st.sampled_from(Relation), st.sampled_from(Better), st.just("Darker."))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Pair, ...]:
    """What a medium in the middle of a group sees: older ones are referred by it."""
    others = draw(st.sets(st.integers(1, 99).filter(lambda other: other != ME), max_size=7))
    return tuple(
        Pair(
            other,
            draw(st.sampled_from(Level)),
            draw(st.sampled_from(({}, {"bits": 3}, {"bits": 5, "seconds": 1.0}))),
            referee=other < ME,
            closed=draw(st.booleans()),
            opinion=draw(OPINIONS),
            decision=draw(st.sampled_from((None, None, True, False))),
            path=f"{other}.jpg",
            content_hash=f"c{other}",
            pixel_hash=f"p{other}",
        )
        for other in sorted(others)
    )


def facts(given: tuple[Pair, ...], *, forced: bool = False) -> MediaFacts:
    return MediaFacts(ME, likeness=Likeness(sought=True, pairs=given), forced=frozenset({ASKS} if forced else ()))


@given(pairs(), st.integers(0, 5), st.booleans())
def test_at_most_three_are_shown_and_all_of_a_small_group(given: tuple[Pair, ...], room: int, forced: bool) -> None:
    asked = list_open(facts(given, forced=forced))
    shown = choose_shown(asked, room)

    assert len(shown) <= min(3, room)
    assert shown == asked[: len(shown)]
    if len(asked) <= min(3, room):
        assert shown == asked
    elif room:
        assert len(shown) == 1
    assert [alias for alias, _ in name_shown(shown)] == list(ALIASES[: len(shown)])
    assert collect(asked, {}) == dict.fromkeys(pair.media_id for pair in asked if not pair.closed), "never unsaid"


@given(pairs(), st.booleans())
def test_nobody_asks_twice_or_for_another_or_about_what_is_known(given: tuple[Pair, ...], forced: bool) -> None:
    for pair in list_open(facts(given, forced=forced)):
        assert pair.referee
        assert pair.media_id < ME
        assert pair.level in ASKED
        assert pair.decision is None
        assert forced or not pair.closed


@given(pairs(), st.data())
def test_the_inputs_hold_all_that_the_choice_depends_on(given: tuple[Pair, ...], data: st.DataObject) -> None:
    """What else changes of pairs moves no choice: but for what is closed, which asking changes itself."""
    others = [
        replace(
            pair,
            opinion=data.draw(OPINIONS),
            awaited=data.draw(st.booleans()),
            pixels=data.draw(st.integers(0, 9)),
            file_size=data.draw(st.none() | st.integers(0, 9)),
            evidence={**pair.evidence, "light": data.draw(st.floats(0.5, 1.5))},
        )
        for pair in given
    ]
    changed = tuple(data.draw(st.permutations(others)))
    newer = Pair(99, Level.NEAR, {"bits": 1}, referee=False)
    changed = (*(pair for pair in changed if pair.media_id != newer.media_id), newer)

    assert take_inputs(Likeness(pairs=changed)) == take_inputs(Likeness(pairs=given))
    for forced in (False, True):
        before, after = (choose_shown(list_open(facts(some, forced=forced)), 3) for some in (given, changed))
        assert [pair.media_id for pair in before] == [pair.media_id for pair in after]


@given(pairs(), st.data())
def test_what_moves_the_choice_moves_the_inputs(given: tuple[Pair, ...], data: st.DataObject) -> None:
    referred = list_referred(Likeness(pairs=given))
    if not referred:
        return
    pair = data.draw(st.sampled_from(referred))
    changed = data.draw(
        st.sampled_from(
            (
                replace(pair, level=next(level for level in Level if level is not pair.level)),
                replace(pair, evidence={**pair.evidence, "bits": 7}),
                replace(pair, decision=not pair.decision),
                replace(pair, pixel_hash="other"),
            )
        )
    )
    moved = tuple(changed if each is pair else each for each in given)
    assert take_inputs(Likeness(pairs=moved)) != take_inputs(Likeness(pairs=given))


def test_of_a_burst_the_next_one_is_shown() -> None:
    """The surest level, then the fewest bits, then the youngest of those that came before."""
    given = tuple(Pair(other, Level.SAME_MOMENT, {"bits": 1 + (other == 3)}, referee=True) for other in (1, 2, 3, 4))
    assert [pair.media_id for pair in list_open(facts(given))] == [4, 2, 1, 3]
    assert [pair.media_id for pair in choose_shown(list_open(facts(given)), 3)] == [4]
