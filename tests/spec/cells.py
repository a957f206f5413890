"""What a cell of the specification is: an id, the text as the docstring of its check, and the check itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from handlers.chain import Chain
from handlers.registry import load_stages
from handlers.stage import Stage
from tests.spec.desk import Desk

COLUMNS = ("inputs", "outputs", "tables", "runs_when", "failure_modes")

Check = Callable[[Desk], Awaitable[None]]


@dataclass(frozen=True)
class Cell:
    """One cell. `job_type` is the stage that it speaks of."""

    id: str
    job_type: str
    check: Check


@dataclass(frozen=True)
class Row:
    """One row: the checks of a module, in their order. The id of a rule's cell is that of the rule."""

    id: str
    job_type: str
    cells: list[Cell] = field(default_factory=list)

    def cell(self, check: Check) -> Check:
        """Take a check into the row: `inputs` becomes `J1-inputs`, `r5` becomes `R5`."""
        name = f"{self.id}-{check.__name__.replace('_', '-')}" if self.id.startswith("J") else check.__name__.upper()
        self.cells.append(Cell(name, self.job_type, check))
        return check


def find_stages(job_type: str) -> tuple[Stage[Any], ...]:
    """The stage of that job type and all that come before it."""
    stages = load_stages()
    needed = {job_type, *Chain(stages).upstreams[job_type]}
    return tuple(stage for stage in stages if stage.job_type in needed)
