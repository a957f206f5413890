"""The specification as a table: one case per cell, named by its id."""

import inspect

import pytest

from tests.mutating import list_misfits
from tests.spec.cells import COLUMNS, Cell
from tests.spec.changes import CHANGES
from tests.spec.desk import Desk
from tests.spec.table import CELLS


def name(cell: Cell) -> str:
    return cell.id


@pytest.mark.parametrize("cell", CELLS, ids=name)
async def test_cell(cell: Cell, desk: Desk) -> None:
    """What the docstring of the cell's check says."""
    await cell.check(desk)


def test_the_table_is_whole() -> None:
    columns = [column.replace("_", "-") for column in COLUMNS]
    wanted = [f"J{row}-{column}" for row in range(1, 9) for column in columns] + [f"R{rule}" for rule in range(1, 9)]
    assert [cell.id for cell in CELLS] == wanted


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_a_cell_says_what_it_promises(cell: Cell) -> None:
    assert inspect.getdoc(cell.check)


def test_every_change_fits_the_product() -> None:
    """Or `python -m tests.spec.mutate` would stop half-way."""
    assert list_misfits(edit for change in CHANGES for edit in change.edits) == []


def test_every_cell_has_a_change() -> None:
    assert {cell.id for cell in CELLS} == {cell for change in CHANGES for cell in change.cells}
