"""Policies and inputs of every kind, and what is worse than what."""

from itertools import product

from hypothesis import strategies as st

from handlers.policy.inputs import Reading
from handlers.policy.policy import Clause, Outcome, Policy, Rule
from handlers.policy.vocabulary import SCALES, Value, find_scale

NAMES = (*SCALES, "defects.hands", "defects.watermark")
NUMBERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def possible(name: str) -> tuple[Value, ...]:
    """Some values of one input."""
    scale = find_scale(name)
    assert scale is not None
    return scale.words or NUMBERS


def badness(name: str, value: Value) -> float:
    scale = find_scale(name)
    assert scale is not None
    return scale.badness(value)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Value]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return {name: draw(st.sampled_from(possible(name))) for name in names}


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    outcomes = draw(
        st.lists(
            st.sampled_from([Outcome.SECOND_LOOK, Outcome.REVIEW, Outcome.BLOCK]), min_size=1, max_size=3, unique=True
        )
    )
    clauses = tuple(Clause(outcome, draw(limits())) for outcome in outcomes)
    name = draw(st.from_regex(r"[a-z]{3,8}", fullmatch=True))
    return Rule(name, "because", clauses, draw(st.sampled_from([Outcome.REVIEW, Outcome.BLOCK])))


policies = st.builds(Policy, st.just("1"), st.lists(rules(), min_size=1, max_size=5).map(tuple))


def readings(name: str) -> st.SearchStrategy[Reading]:
    """An input with no, one or two sources, one time in three with an unreadable one beside them."""
    said = (None, *possible(name))
    pool = [
        Reading({source: value for source, value in (("one", one), ("two", two)) if value is not None}, unreadable)
        for one, two, unreadable in product(said, said, [(), (), ("three",)])
    ]
    return st.sampled_from(pool)


def inputs() -> st.SearchStrategy[dict[str, Reading]]:
    """All the inputs there are."""
    return st.fixed_dictionaries({name: readings(name) for name in NAMES})


def worsen(name: str, reading: Reading, other: Reading) -> Reading:
    """The first reading, none of whose sources says anything better, with all that the other says beside it."""
    if not reading.sources:
        return Reading({}, (*reading.unreadable, *other.unreadable))
    sources = dict(reading.sources)
    for source, value in other.sources.items():
        sources[source] = max(sources.get(source, value), value, key=lambda each: badness(name, each))
    return Reading(sources, (*reading.unreadable, *other.unreadable))
