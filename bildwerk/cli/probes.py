"""What was found out about reusing pictures, for `bildwerk doctor`."""

from collections.abc import Sequence

from bildwerk.cli.connections import connected
from bildwerk.cli.problem import Problem
from bildwerk.settings import Settings
from consumers.manners import identify
from db import prefix_probes
from handlers.inference.client import HostReport
from handlers.inference.manner import Manner
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import Probed


def needs_probe(settings: Settings) -> bool:
    """Whether anything is found out, rather than set."""
    return settings.layout == "auto" or settings.fused == "auto"


async def recall_probes(settings: Settings, model: str, reports: Sequence[HostReport]) -> list[Probed | None]:
    """What was found out of each host; None: nothing yet, or the database is away."""
    try:
        async with connected(settings) as connection:
            servers = [identify(report, model, settings.num_ctx) for report in reports]
            found = [await prefix_probes.find(connection, server) for server in servers]
    except Problem:
        return [None] * len(reports)
    return [None if probed is None else Probed(Layout(probed[0]), probed[1]) for probed in found]


def say_probe(probed: Probed | None, manner: Manner) -> str:
    """In one line what a later question about a picture costs, and how the host is asked, by this and the settings."""
    if probed is None:
        return "not probed yet: the service finds out how to ask it when it starts"
    best = "" if probed.rewarding else ", the best"
    how = "a picture's due jobs in one call" if manner.fuses else "job by job"
    return (
        f"a later question about a picture takes {probed.ratio:.1%} of the first one's prompt time"
        f" in layout {probed.layout.value}{best}: asked in layout {manner.layout.value}, {how}"
    )
