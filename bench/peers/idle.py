"""How fast a peer's events come when nothing is done about them."""

import os
import re
from pathlib import Path

from bench.peers.contestants import REPOSITORY, SLOTS, Contestant
from bench.peers.ground import publish
from bench.peers.workloads import make_even
from bench.services import make_kafka
from bildwerk.sandbox.process import Process, Program
from contracts.topics import Topic

SAID = re.compile(r"^events per second (\S+)$", re.MULTILINE)
START_SECONDS = 120.0


async def measure_idle(servers: str, contestant: Contestant, events: int, folder: Path) -> float:
    """Events per second from the first to the last, by the member's own clock."""
    folder.mkdir(parents=True)
    kafka = await make_kafka(servers, SLOTS)
    await publish(kafka, make_even(events, 0.0), ours=False)
    words = {
        "servers": servers, "topic": kafka.name(Topic.MEDIA_CREATED), "group": kafka.group,
        "concurrency": contestant.concurrency, "session": kafka.session_timeout, "nothing": events,
    }  # fmt: skip
    argv = [*contestant.command, *(word for name, value in words.items() for word in (f"--{name}", str(value)))]
    environment = {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    log = folder / "member.log"
    member = await Process.start(Program(contestant.name, argv, log, cwd=folder, environment=environment))

    async def said() -> re.Match[str] | None:
        return SAID.search(log.read_text(errors="replace"))

    try:
        return float((await member.wait_until(said, START_SECONDS))[1])
    finally:
        await member.stop(60.0)
