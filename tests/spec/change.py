"""A small change to the product, and the cells that must miss what it takes away."""

from dataclasses import dataclass

FINISHING, WRITING = "handlers/runner/finishing.py", "handlers/runner/writing.py"
POISON = "        if is_poison("
PERSIST = (
    f'        await self.writer.write(connection, before, (PutMeta("{{}}", "x"),), Origin(0), forced=True)\n{POISON}'
)

Edit = tuple[str, str, str]
"""File, text that is there once, text that takes its place."""


@dataclass(frozen=True)
class Change:
    """What is taken away from the product, and the cells that must miss it."""

    cells: tuple[str, ...]
    what: str
    edits: tuple[Edit, ...]


def change(cells: str, what: str, *edits: Edit) -> Change:
    """`cells` are ids, separated by spaces."""
    return Change(tuple(cells.split()), what, edits)
