"""Take the code behind each cell away, in a copy of the product, and show which cell turned red.

Usage: `python -m tests.spec.mutate [CELL ...]`. Not run by pytest. Exit status 1: a cell stayed green, so one of its
assertions proves nothing; 2: a cell is red without any change.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.mutating import COPIES, make_copies
from tests.spec.change import Change
from tests.spec.changes import CHANGES

TEST = "tests/spec/test_cells.py::test_cell"


def main(wanted: list[str]) -> int:
    """Try every change, or those of the cells named."""
    stayed_green = 0
    with make_copies() as copies, ThreadPoolExecutor(COPIES) as pool:

        def run(change: Change) -> dict[str, str]:
            return copies.try_out(change.what, change.edits, [name(cell) for cell in choose(change, wanted)])

        every = {cell for change in CHANGES for cell in choose(change, wanted)}
        if red := run(Change(tuple(sorted(every)), "nothing", ())):
            print(f"red as it is: {', '.join(sorted(red))}")  # noqa: T201
            return 2
        changes = [change for change in CHANGES if choose(change, wanted)]
        for change, red in zip(changes, pool.map(run, changes), strict=True):
            for cell in choose(change, wanted):
                seen = f"red: {red[name(cell)]}" if name(cell) in red else "STAYED GREEN"
                print(f"{cell:<18} {change.what:<40} {seen}", flush=True)  # noqa: T201
                stayed_green += name(cell) not in red
    return 1 if stayed_green else 0


def choose(change: Change, wanted: list[str]) -> list[str]:
    """The cells that are to be tried with this change."""
    return [cell for cell in change.cells if not wanted or cell in wanted]


def name(cell: str) -> str:
    """The test of a cell."""
    return f"{TEST}[{cell}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
