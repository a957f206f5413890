"""What `bildwerk doctor` says of a probe is what the service does with it."""

import pytest

from bildwerk.cli.probes import say_probe
from handlers.inference.manner import Fusing, choose
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import Probed

B, C = Layout.TWO_USER_TURNS, Layout.READY_BETWEEN


@pytest.mark.parametrize(
    ("layout", "fusing", "probed", "said"),
    [
        (
            B,
            Fusing.AUTO,
            Probed(C, 0.05),
            "5.0% of the first one's prompt time in layout C: asked in layout B, a picture's due jobs in one call",
        ),
        (None, Fusing.ALWAYS, Probed(C, 0.05), "asked in layout C, a picture's due jobs in one call"),
        (
            None,
            Fusing.NEVER,
            Probed(C, 0.97),
            "takes 97.0% of the first one's prompt time in layout C, the best: asked in layout C, job by job",
        ),
        (None, Fusing.AUTO, Probed(C, 0.05), "asked in layout C, job by job"),
        (None, Fusing.AUTO, Probed(B, 0.97), "asked in layout B, a picture's due jobs in one call"),
        (None, Fusing.AUTO, None, "not probed yet"),
    ],
)
def test_what_follows_from_a_probe_is_said_as_it_is_set(
    layout: Layout | None, fusing: Fusing, probed: Probed | None, said: str
) -> None:
    assert said in say_probe(probed, choose(layout, fusing, probed))
