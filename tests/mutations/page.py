"""The page that says what was taken away, and which tests missed it."""

from collections.abc import Iterable, Mapping

from tests.mutating import ROOT
from tests.mutations.safeguard import Safeguard

PAGE = ROOT / "docs" / "reliability-rules.md"
HEAD = """# Every rule has a test that misses it

The rules P1 to P26 are those of [the ledger's protocol](ledger.md). For each of them the code that keeps it was taken
away, in a copy of the product, and the tests named for it were run: all of these turned red. This is the last output of
`python -m tests.mutations --write`, which takes some minutes; `python -m tests.mutations P17` tries one rule. CI checks
that every line still fits the code. The last lines are those that were asked for by name.

Tests: `row` is a case of `tests/ledger_rules/test_transitions.py`, one for each row of the table of transitions;
`order` is a pair of `tests/ledger_rules/test_orders.py`, driven through all its orders on a real PostgreSQL.

| rule | taken away | in | turned red |
|---|---|---|---|
"""


def write_page(found: Iterable[tuple[Safeguard, Mapping[str, bool]]]) -> str:
    """The page, of safeguards and the tests that turned red without them."""
    return HEAD + "".join(_line(each, [test for test, red in seen.items() if red]) for each, seen in found)


def _line(each: Safeguard, red: Iterable[str]) -> str:
    files = ", ".join(dict.fromkeys(f"`{file}`" for file, _, _ in each.edits))
    return f"| {each.rule} | {each.what} | {files} | {', '.join(map(_shorten, red))} |\n"


def _shorten(test: str) -> str:
    file, _, name = test.removeprefix("tests/").partition("::")
    if file.startswith("ledger_rules/test_transitions"):
        return f"row `{name.partition('[')[2].rstrip(']')}`"
    if file.startswith("ledger_rules/test_orders"):
        return f"order `{name.partition('[')[2].rstrip(']')}`"
    return f"`{file}`: `{name.removeprefix('test_')}`"
