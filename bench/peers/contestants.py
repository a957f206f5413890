"""Who is compared, and whether what it needs is installed."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from requirements import install

REPOSITORY = Path(__file__).parents[2]
SLOTS = 8
"""Calls that a member makes at once, where it can; and partitions, so that one for each is enough."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to do it: a program of ours for a peer, or bildwerk itself where `program` is empty.

    `environment` is a set of requirements/install.py, `concurrency` how many calls a member makes at once, `nothing`
    about how many events a second it does nothing about.
    """

    name: str
    program: str = ""
    environment: str = ""
    concurrency: int = SLOTS
    nothing: int = 1_000

    @property
    def command(self) -> list[str]:
        """How a peer's program is started."""
        return [install.find_python(self.environment), "-m", f"bench.peers.programs.{self.program}"]


BILDWERK = Contestant("bildwerk")
PEERS = (
    Contestant("FastStream, one by one", "faststream_one_by_one", "peers", 1, 1_200),
    Contestant("FastStream, a worker a partition", "faststream_by_partition", "peers", SLOTS, 2_300),
    Contestant("FastStream, workers, at most once", "faststream_at_once", "peers", SLOTS, 2_600),
    Contestant("faststream-concurrent-aiokafka", "faststream_concurrent", "peers", SLOTS, 2_900),
    Contestant("arroyo, threads", "arroyo_threads", "peers", SLOTS, 10_000),
    Contestant("quixstreams", "quixstreams_rows", "peers-quix", 1, 100_000),
)
BATCHES = Contestant("FastStream, batches of 500", "faststream_batches", "peers", 1, 20_000)
"""Only for doing nothing: a call for each event of a batch would be made one by one."""


def find_missing() -> list[str]:
    """The peers' environments that are not installed."""
    return [name for name in install.PEERS if not install.is_installed(name)]


def install_missing() -> Sequence[Contestant]:
    """Install what is missing; returns those whose environment is there afterwards, bildwerk first."""
    for name in find_missing():
        # With a network and a package index; without, the peers are left out, which the caller says.
        subprocess.run([sys.executable, install.__file__, name], check=False)
    absent = find_missing()
    return [BILDWERK, *(peer for peer in PEERS if peer.environment not in absent)]
