"""Commands beside a running service."""

import itertools
import sys

from bildwerk.sandbox.process import Program
from tests.acceptance.world import World

_numbers = itertools.count(1)


async def run(world: World, *arguments: object, **settings: object) -> tuple[int, str]:
    """Run `bildwerk` with these arguments; its exit status and what it wrote."""
    log = world.folder / f"command-{next(_numbers)}.said"
    argv = [sys.executable, "-m", "bildwerk", *map(str, arguments)]
    program = Program("bildwerk", argv, log, cwd=world.folder, environment=world.environment(settings))
    status = await (await world.launch(program)).wait()
    return status, log.read_text()
