"""F17: clocks that are an hour wrong, and that step in the middle: nothing is decided by the time of day."""

import mmap
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import pack

import pytest

from bildwerk.sandbox.process import Process
from tests.acceptance.conftest import MakeWorld
from tests.acceptance.pages import require_unharmed, watched
from tests.acceptance.test_away import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = Path(__file__).with_name("clock_step.c")
HOUR = 3600
LEASE = 20


class Clock:
    """The wall clock of one process, to be moved while it runs."""

    def __init__(self, folder: Path, library: Path, seconds: int) -> None:
        self._path = folder / f"clock-{seconds}"
        self._path.write_bytes(pack("q", seconds))
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_STEP_FILE": str(self._path)}

    def set(self, seconds: int) -> None:
        """Be wrong by this much from now on."""
        with self._path.open("r+b") as file, mmap.mmap(file.fileno(), 8) as page:
            page[:] = pack("q", seconds)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library that moves clocks."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a clock can be moved only where a C compiler is")
    path = tmp_path_factory.mktemp("clock") / "clock_step.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, SOURCE, "-ldl"], check=True, capture_output=True)
    return path


async def test_clocks_that_are_wrong_and_step_change_nothing(make: MakeWorld, library: Path) -> None:
    world = await make("--picture-seconds", "0.2", "--token-seconds", "0.0005", "--load-seconds", "0.05")
    world.launch = Process.start  # a library is loaded before a program, not into one that runs
    fast, slow = (Clock(world.folder, library, seconds) for seconds in (HOUR, -HOUR))
    media = await world.add(60)
    async with (
        watched(world, lease_seconds=LEASE, sweep_seconds=1, **fast.environment) as (first, pages),
        watched(world, lease_seconds=LEASE, sweep_seconds=1, **slow.environment) as (second, more_pages),
    ):
        await world.wire.created(media[:30])
        await done(world, 10, 60.0)
        fast.set(-HOUR)
        slow.set(HOUR)
        await world.wire.created(media[30:])
        await done(world, 40, 60.0)
        fast.set(0)
        evidence = await require_unharmed(world, media)
        assert len(evidence.calls) == 2 * len(media), "a call was given up"

        assert await pages.lacks() == await more_pages.lacks() == {}
        for service in (first, second):
            assert service.events("lease.lost") == service.events("heartbeat.failed") == []
            assert len(service.events("job.ended")) > 0
        assert is_about(first.events("service.started")[0]["timestamp"], HOUR), "the clock was not moved"
        assert is_about(second.events("job.ended")[-1]["timestamp"], HOUR), "the clock did not step"
    leases = await world.pool.fetchval("SELECT max(lease_no) FROM bildwerk.media WHERE id = ANY($1)", media)
    assert leases == 1, "no medium was taken from anybody"


def is_about(text: str, seconds: int) -> bool:
    """Whether a time of day is wrong by this much, give or take some minutes."""
    wrong = datetime.fromisoformat(text) - datetime.now(UTC)
    return abs(wrong - timedelta(seconds=seconds)) < timedelta(minutes=10)
