"""That the table of safeguards is whole, fits the product, and names tests that name the rule."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.mutating import ROOT, list_misfits
from tests.mutations.page import HEAD, PAGE, write_page
from tests.mutations.safeguard import Safeguard
from tests.mutations.safeguards import RULES, SAFEGUARDS

RULE = re.compile(r"\bP(\d+)(?:-P(\d+))?\b")
PLAYED = {"test_transitions.py": "rows_of_*.py", "test_orders.py": "pairs_of_*.py"}


def test_every_safeguard_fits_the_product() -> None:
    """Or `python -m tests.mutations` would stop half-way."""
    assert list_misfits(edit for each in SAFEGUARDS for edit in each.edits) == []


def test_every_rule_is_taken_away() -> None:
    assert {each.rule for each in SAFEGUARDS} == {*RULES}


@cache
def list_named(*files: Path) -> dict[str, set[str]]:
    """The rules that each function's docstring names, by the function's name."""
    named: dict[str, set[str]] = defaultdict(set)
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for first, last in RULE.findall(ast.get_docstring(node) or ""):
                    named[node.name] |= {f"P{number}" for number in range(int(first), int(last or first) + 1)}
    return named


def test_every_rule_is_named_by_a_test() -> None:
    """P1-P26."""
    folder = ROOT / "tests"
    here = [*folder.rglob("test_*.py"), *folder.rglob("rows_of_*.py"), *folder.rglob("pairs_of_*.py")]
    by_test = list_named(*(file for file in here if file != Path(__file__)))
    assert {f"P{number}" for number in range(1, 27)} - set().union(*by_test.values()) == set()


@pytest.mark.parametrize("each", SAFEGUARDS, ids=lambda each: f"{each.rule}: {each.what}")
def test_its_tests_name_the_rule(each: Safeguard) -> None:
    """The rule, or the one of which its own words say that it is part."""
    found = RULE.search(f"{each.rule} {each.what}")
    for test in each.tests:
        file, _, name = test.partition("::")
        path = ROOT / file
        function, _, case = name.partition("[")
        places = [path, *path.parent.glob(PLAYED.get(path.name, path.name))]
        if path.name in PLAYED:
            function = re.sub(r"^\d+-", "", case.rstrip("]"))
        assert found is None or f"P{found[1]}" in list_named(*places)[function], test
    assert found or each.rule in ("fence", "offset rule")


def test_the_page_shows_every_safeguard() -> None:
    """Written by `python -m tests.mutations --write`."""
    expected = write_page((each, dict.fromkeys(each.tests, True)) for each in SAFEGUARDS)
    assert PAGE.read_text("utf-8") == expected
    assert expected.startswith(HEAD)
