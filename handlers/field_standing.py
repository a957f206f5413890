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
    standings = [facts.standing(key) for key in _free(facts, fields)]
    if any(standing in _MISSING for standing in standings):
        return Due()
    if Standing.OURS in standings:
        return Satisfied("present")
    return Impossible("kept_for_person")


def fields_to_write(facts: MediaFacts, fields: OwnFields) -> tuple[str, ...]:
    """The missing fields; when none is (a forced run), all that the platform does not hold under its own name.

    Kept ones are named too: that they were kept is decided, and told, where they would be written.
    """
    free = _free(facts, fields)
    standings = {key: facts.standing(key) for key in free}
    if any(standing in _MISSING for standing in standings.values()):
        return tuple(key for key in free if standings[key] is not Standing.OURS)
    return free


def _free(facts: MediaFacts, fields: OwnFields) -> tuple[str, ...]:
    return tuple(key for key, platforms in fields.items() if is_blank(facts.meta.get(platforms)))
