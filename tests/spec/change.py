"""A small change to the product, and the cells that must miss what it takes away."""

from dataclasses import dataclass

from tests.mutating import Edit

FINISHING, WRITING = "handlers/runner/finishing.py", "handlers/runner/writing.py"


@dataclass(frozen=True)
class Change:
    """What is taken away from the product, and the cells that must miss it."""

    cells: tuple[str, ...]
    what: str
    edits: tuple[Edit, ...]


def persist(key: str) -> tuple[Edit, Edit]:
    """What writes a value for a job that failed."""
    poison = "        if is_poison("
    effects = f'(PutMeta("{key}", "x"),)'
    write = f"await self.writer.write(connection, before, {effects}, Origin(job.run_id), forced=True)"
    known = "from contracts.effects import Effects\n"
    return (FINISHING, poison, f"        {write}\n{poison}"), (FINISHING, known, known.replace("\n", ", PutMeta\n"))


def change(cells: str, what: str, *edits: Edit) -> Change:
    """`cells` are ids, separated by spaces."""
    return Change(tuple(cells.split()), what, edits)
