"""Which of a stage's fields it may still write: the platform's own key, a person's value and ours weighed together."""

from collections.abc import Mapping

from contracts.facts import MediaFacts, Standing
from handlers.prompt_data import is_blank
from handlers.stage import Condition, Due, Impossible, Satisfied

OwnFields = Mapping[str, str]
"""Our `ollama.*` keys, each with the platform's own key for the same thing."""
_MISSING = (Standing.ABSENT, Standing.STALE)


def weigh_fields(facts: MediaFacts, fields: OwnFields) -> Condition:
    """Due when a field is missing, satisfied when all that we may write is ours, impossible when nothing is."""
    standings = [facts.standing(key) for key in list_free(facts, fields)]
    if any(standing in _MISSING for standing in standings):
        return Due()
    if Standing.OURS in standings:
        return Satisfied("present")
    return Impossible("kept_for_person")


def list_free(facts: MediaFacts, fields: OwnFields) -> tuple[str, ...]:
    """The fields that the platform does not hold under its own name.

    Which of them may be written, and whether one was kept for a person, is decided where they are written.
    """
    return tuple(key for key, platforms in fields.items() if is_blank(facts.meta.get(platforms)))
