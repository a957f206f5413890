"""That the benchmarks run: one round of the quickest, whose figures are the simulation's own and no matter of speed."""

import json
import sys
from pathlib import Path

from bench import layouts
from bildwerk.sandbox.process import Process, Program

REPOSITORY = Path(__file__).parents[2]


async def test_a_comparison_is_measured_and_written_down(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "bench", "layouts", "--rounds", "1", "--quick", "--output", str(tmp_path / "out")]
    process = await Process.start(Program("bench", argv, tmp_path / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail()
    finally:
        await process.stop()

    found = json.loads((tmp_path / "out" / "layouts.json").read_text())
    assert (found["name"], found["simulated"], found["quick"], len(found["rounds"])) == ("layouts", True, True, 1)
    printed = (tmp_path / "printed").read_text()
    assert "SIMULATED" in printed
    (shares,) = found["rounds"]
    for path in layouts.PATHS:
        assert shares[path].keys() == {layouts.USUAL, *layouts.OURS}
        assert all(shares[path][layout] < 0.4 for layout in layouts.OURS), "our layouts let the picture be reused"
    assert shares["rendered"][layouts.USUAL] < 0.4 < shares["native"][layouts.USUAL], "the usual one does not, natively"
