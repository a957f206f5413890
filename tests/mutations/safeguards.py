"""All safeguards that are taken away, in the order of the rules; those that were asked for by name come last."""

from tests.mutations.of_fences import FENCES
from tests.mutations.of_values import VALUES
from tests.mutations.of_verdicts import VERDICTS
from tests.mutations.safeguard import Safeguard

NAMED = ("fence", "fingerprint check", "unique key", "lock order", "relay lock", "offset rule", "written-value check")
RULES = (*(f"P{number}" for number in range(1, 27)), *NAMED)


def _place(each: Safeguard) -> int:
    return RULES.index(each.rule)


SAFEGUARDS = tuple(sorted((*FENCES, *VERDICTS, *VALUES), key=_place))
