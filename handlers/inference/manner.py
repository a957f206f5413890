"""How a host is asked: in which layout, and whether for several jobs at once. As it is set, else as a probe found."""

from dataclasses import dataclass
from enum import StrEnum

from handlers.inference.options import Layout
from handlers.inference.prefix_probe import LAYOUTS, Probed


class Fusing(StrEnum):
    """Whether the due jobs of a picture are asked for in one call: where a probe finds that it pays, always, never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Manner:
    """How one host is asked."""

    layout: Layout = Layout.TWO_USER_TURNS
    fuses: bool = False


def choose(layout: Layout | None, fusing: Fusing, probed: Probed | None) -> Manner:
    """The manner of a host: `layout` as it is set (None: by the probe), `probed` what was found (None: nothing yet).

    A layout that is set is judged by itself: a probe stops at the first one that is rewarded, so those before it are
    not, and those after it are taken to be.
    """
    chosen = layout or (probed.layout if probed else Layout.TWO_USER_TURNS)
    rewards = probed is not None and probed.rewarding and LAYOUTS.index(probed.layout) <= LAYOUTS.index(chosen)
    pays = probed is not None and not rewards
    return Manner(chosen, fusing is Fusing.ALWAYS or (fusing is Fusing.AUTO and pays))
