"""How new a picture can be, given the library: the distance to the nearest picture that was there before it."""

from contracts.facts import MediaFacts
from handlers.scores.score import Computed

KNOWN_BITS = 4
"""Up to here two 64-bit perceptual hashes are those of one picture or a variant of it: nothing is new."""
NEW_BITS = 20
"""From here on they are unrelated: of 378 unrelated pairs that were measured, the nearest differed by 20 bits."""


def compute_novelty(facts: MediaFacts) -> Computed:
    """At most 0 for a near copy, rising evenly to 1 for a picture like no other; no limit in an empty library."""
    picture = facts.picture
    nearest = None if picture is None else picture.nearest
    compared = 0 if picture is None else picture.compared
    if nearest is None:
        return Computed(None, {"nearest_bits": None, "compared": compared})
    share = (nearest - KNOWN_BITS) / (NEW_BITS - KNOWN_BITS)
    return Computed(round(min(1.0, max(0.0, share)), 3), {"nearest_bits": nearest, "compared": compared})
