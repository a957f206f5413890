"""What a replay came to, in lines for a person."""

from collections import Counter
from collections.abc import Iterator

from consumers.replay import Tally


def describe(tally: Tally, *, dry: bool) -> Iterator[str]:
    """The counts of events, of media, and of the jobs that are done again."""
    would = "would be " if dry else ""
    notes = [
        f"{tally.outside} of other media or times" * bool(tally.outside),
        f"{tally.undecodable.total()} not understood ({list_counts(tally.undecodable)})" * bool(tally.undecodable),
        f"{tally.ignored} none of ours" * bool(tally.ignored),
        f"{tally.echoes} of our own with nothing new" * bool(tally.echoes),
    ]
    yield ", ".join([f"{tally.events} events read", *filter(None, notes)])
    notes = [
        f"{tally.unknown} of them new to the ledger" * bool(tally.unknown),
        f"{tally.changed} {would}changed",
        f"{tally.due} {would}due",
        f"{tally.uninspected} {would}looked at",
        f"{tally.missing} not on the platform" * bool(tally.missing),
        f"{tally.errors} cannot be planned" * bool(tally.errors),
    ]
    yield ", ".join([f"{tally.media} media {would}planned", *filter(None, notes)])
    if tally.jobs:
        yield f"{tally.jobs.total()} jobs {would}done again: {list_counts(tally.jobs)}"


def list_counts(counts: Counter[str]) -> str:
    """`3 this, 1 that`, by name."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
