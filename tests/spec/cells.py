"""What a cell of the specification is: an id, the text as the docstring of its check, and the check itself.

A row is one module. Whoever builds a stage that is still missing deletes `missing` of its row and says in each of its
five checks what must hold.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from handlers.chain import Chain
from handlers.registry import load_stages
from handlers.stage import Stage
from tests.spec.desk import Desk

COLUMNS = ("inputs", "outputs", "tables", "runs_when", "failure_modes")

Check = Callable[[Desk], Awaitable[None]]


class NoSuchStage(LookupError):
    """The registry has no stage of that job type."""


@dataclass(frozen=True)
class Cell:
    """One cell. `job_type` is the stage that it speaks of, `missing` says what has to be built before it can hold."""

    id: str
    job_type: str
    check: Check
    missing: str = ""


@dataclass(frozen=True)
class Row:
    """One row: the checks of a module, in their order. The id of a rule's cell is that of the rule."""

    id: str
    job_type: str
    missing: str = ""
    cells: list[Cell] = field(default_factory=list)

    def cell(self, check: Check) -> Check:
        """Take a check into the row: `inputs` becomes `J1-inputs`, `r5` becomes `R5`."""
        name = f"{self.id}-{check.__name__.replace('_', '-')}" if self.id.startswith("J") else check.__name__.upper()
        self.cells.append(Cell(name, self.job_type, check, self.missing))
        return check


def unwritten(desk: Desk) -> NoReturn:
    """The check of a cell whose stage is missing."""
    pytest.fail(f"the stage is there: say what this cell promises ({type(desk).__name__})")


def find_stages(job_type: str) -> tuple[Stage[Any], ...]:
    """The stage of that job type and all that come before it. Raises NoSuchStage."""
    stages = load_stages()
    if job_type not in (stage.job_type for stage in stages):
        raise NoSuchStage(job_type)
    needed = {job_type, *Chain(stages).upstreams[job_type]}
    return tuple(stage for stage in stages if stage.job_type in needed)
