"""That the benchmarks run: one round of small amounts; what is looked at is no matter of speed."""

import json
import sys
from pathlib import Path
from typing import Any

from bench import hop, layouts, replay, saturation, scale
from bench.comparison import Plan
from bench.idlers import list_idlers
from bench.peers.contestants import find_missing
from bildwerk.sandbox.process import Process, Program
from requirements import install

REPOSITORY = Path(__file__).parents[2]


async def measure(name: str, folder: Path) -> dict[str, Any]:
    """What one round of a comparison came to; what it printed is in `printed`."""
    argv = [sys.executable, "-m", "bench", name, "--rounds", "1", "--quick", "--output", str(folder / "out")]
    process = await Process.start(Program("bench", argv, folder / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail(20)
    finally:
        await process.stop()
    assert (folder / "out" / f"{name}.svg").read_text().startswith("<svg")
    found: dict[str, Any] = json.loads((folder / "out" / f"{name}.json").read_text())
    assert (found["name"], found["quick"], len(found["rounds"])) == (name, True, 1)
    assert found["simulated"] == ("SIMULATED" in (folder / "printed").read_text())
    return found


async def test_a_comparison_is_measured_and_written_down(tmp_path: Path) -> None:
    (shares,) = (await measure("layouts", tmp_path))["rounds"]

    for path in layouts.PATHS:
        assert shares[path].keys() == {layouts.USUAL, *layouts.OURS}
        assert all(shares[path][layout] < 0.4 for layout in layouts.OURS), "our layouts let the picture be reused"
    assert shares["rendered"][layouts.USUAL] < 0.4 < shares["native"][layouts.USUAL], "the usual one does not, natively"


async def test_backlogs_are_worked_off_in_order(tmp_path: Path) -> None:
    (found,) = (await measure("saturation", tmp_path))["rounds"]

    assert found["share"].keys() == saturation.CASES.keys()
    assert all(0 < share <= 1 for share in found["share"].values()), "nobody is faster than the floor"
    assert set(found["inversions"].values()) == {0}


async def test_the_ways_from_a_commit_to_the_next_call_are_measured(tmp_path: Path) -> None:
    (found,) = (await measure("hop", tmp_path))["rounds"]

    for share in hop.SHARES:
        assert found[f"p{share}"].keys() == {hop.COMMIT, hop.LEASE, hop.CHAIN, hop.UPLOAD}
        assert found[f"events_p{share}"].keys() == {hop.COMMIT, hop.EVENTS}
        assert min(*found[f"p{share}"].values(), *found[f"events_p{share}"].values()) > 0
    assert found["p50"][hop.LEASE] < found["p50"][hop.CHAIN] < found["p50"][hop.UPLOAD]


async def test_a_finished_library_is_planned_again_without_a_row_written(tmp_path: Path) -> None:
    """The part itself asserts it, for all eight jobs of a thousand media; beside it, the peers that are installed."""
    (found,) = (await measure("replay", tmp_path))["rounds"]

    peers = list_idlers(Plan(1, tmp_path, quick=True), 1)
    assert len(peers) == len(install.PEERS) - len(find_missing()), "one of each environment"
    assert set(found["rate"]) == {replay.FIRST, replay.AGAIN, replay.READ, replay.LOADED, replay.RAW, *peers}
    assert set(found["ours"]) == replay.PLANNED


async def test_claims_are_measured_by_themselves(tmp_path: Path) -> None:
    (found,) = (await measure("claims", tmp_path))["rounds"]

    assert set(found) == set(scale.CLAIM_TABLES)
    assert all(min(figures.values()) > 0 for figures in found.values())


async def test_claims_and_processes_are_measured_beside_backlogs_of_several_sizes(tmp_path: Path) -> None:
    (found,) = (await measure("scale", tmp_path))["rounds"]

    assert set(found) == set(scale.COMPARISON.tables)
    assert set(found["memory"]) == set(found["claim_p99"]) > {*scale.QUICK}, "those in back-off, too"
    assert set(found["indexes"]) == {scale.SMALLEST}, "only where every medium has its rows in every table"
    assert found["media_indexes"][scale.SMALLEST] < found["media_indexes"][scale.LARGEST]
