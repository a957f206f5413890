"""That the benchmarks run: one round of some, small. What is looked at is no matter of speed."""

import json
import sys
from pathlib import Path
from typing import Any

from bench import layouts, replay, scale
from bildwerk.sandbox.process import Process, Program

REPOSITORY = Path(__file__).parents[2]


async def run_bench(name: str, folder: Path) -> tuple[Any, str]:
    """One quick round: what was written, and what was printed."""
    argv = [sys.executable, "-m", "bench", name, "--rounds", "1", "--quick", "--output", str(folder / "out")]
    process = await Process.start(Program("bench", argv, folder / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail(20)
    finally:
        await process.stop()
    return json.loads((folder / "out" / f"{name}.json").read_text()), (folder / "printed").read_text()


async def test_a_comparison_is_measured_and_written_down(tmp_path: Path) -> None:
    found, printed = await run_bench("layouts", tmp_path)

    assert (found["name"], found["simulated"], found["quick"], len(found["rounds"])) == ("layouts", True, True, 1)
    assert "SIMULATED" in printed
    (shares,) = found["rounds"]
    for path in layouts.PATHS:
        assert shares[path].keys() == {layouts.USUAL, *layouts.OURS}
        assert all(shares[path][layout] < 0.4 for layout in layouts.OURS), "our layouts let the picture be reused"
    assert shares["rendered"][layouts.USUAL] < 0.4 < shares["native"][layouts.USUAL], "the usual one does not, natively"


async def test_a_finished_library_is_planned_again_without_a_row_written(tmp_path: Path) -> None:
    """The part itself asserts it, for all eight jobs of a thousand media."""
    found, _ = await run_bench("replay", tmp_path)

    (measured,) = found["rounds"]
    assert set(measured["rate"]) == {replay.FIRST, replay.AGAIN, replay.READ, replay.LOADED, replay.RAW}


async def test_claims_and_processes_are_measured_beside_backlogs_of_several_sizes(tmp_path: Path) -> None:
    found, _ = await run_bench("scale", tmp_path)

    (measured,) = found["rounds"]
    assert set(measured) == set(scale.COMPARISON.tables)
    assert set(measured["memory"]) == {*scale.QUICK}
    assert measured["indexes"][scale.SMALLEST] < measured["indexes"][scale.LARGEST]
