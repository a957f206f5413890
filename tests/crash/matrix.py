"""The crash matrix: at every point, with each of its subjects, a process dies; those that come after finish the rest.

Two libraries take part at once. In one, some processes at a time describe pictures with all job types, and die at what
happens to a medium; in the other, they die at what happens to an event. Each has a slot of its own, so that
nobody waits for the slots of the dead.
"""

import asyncio
import random
import time
from collections import Counter

from tests.acceptance.world import CAPTION, TITLE, World
from tests.crash.cases import Case, is_about_events, mix
from tests.crash.figures import Figures, count
from tests.crash.lanes import EventLanes, MediaLanes
from tests.crash.points import JOBS

SLOW = ("--host", "0.0.0.0", "--picture-seconds", "0.05", "--token-seconds", "0.002", "--load-seconds", "0.02")
LANES = 3
ASK_ALWAYS = """version = "crashes"
[[rule]]
id = "nsfw"
reason = "the picture may show nudity"
second_look = { nsfw = 0.2 }
block = { nsfw = 0.9 }
"""
"""By these rules the model is asked about every picture below."""


async def run_matrix(seed: int, media_world: World, event_world: World, cases: list[Case]) -> Figures:
    """Run cases in two worlds; raises AssertionError when an invariant does not hold, or a point was not reached."""
    began, dice = time.monotonic(), random.Random(seed)
    figures = Figures(seed)
    dice.shuffle(cases)
    media = MediaLanes(media_world, dice, JOBS)
    events = EventLanes(event_world, dice, (CAPTION, TITLE))
    rules = media_world.folder / "rules.toml"
    rules.write_text(ASK_ALWAYS)
    media_world.settings["policy_file"] = str(rules)
    of_events = [case for case in cases if is_about_events(case)]
    of_media = mix([case for case in cases if not is_about_events(case)])
    wanted = Counter((case.point.name, case.subject) for case in cases)
    async with asyncio.TaskGroup() as group:
        if of_media:
            for _ in range(6):
                await media.feed()
            for _ in range(LANES):
                group.create_task(media.run(of_media))
        if of_events:
            group.create_task(events.run(of_events))
    told = [*media.crashes(), *events.crashes()]
    assert Counter((crash["point"], crash["subject"]) for crash in told) == wanted
    for lanes in (media, events):
        evidence = await lanes.end()
        count(figures, evidence, lanes.crashes())
    await events.check()
    figures.seconds = time.monotonic() - began
    return figures
