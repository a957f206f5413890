"""Commands beside a running service."""

import asyncio
import sys

from tests.acceptance.world import World


async def run(world: World, *arguments: object, **settings: object) -> tuple[int | None, str]:
    """Run `bildwerk` with these arguments; its exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bildwerk", *map(str, arguments)),
        env=world.environment(settings),
        cwd=world.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    return process.returncode, written.decode()
