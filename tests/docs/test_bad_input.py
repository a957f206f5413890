"""The page about bad input says what the cases say, and leaves out no number."""

import re
from pathlib import Path

from tests.acceptance import bad_events, bad_pictures
from tests.acceptance.bad_input import PAGE, fill, list_answers, list_events, list_pictures

TESTS = Path(__file__).parents[1] / "acceptance"
ALL = {f"{letter}{number}" for letter, last in (("E", 28), ("M", 21), ("L", 20)) for number in range(1, last + 1)}


def test_every_number_has_a_case() -> None:
    assert {row[0] for row in (*list_events(), *list_pictures(), *list_answers())} == ALL


def test_the_page_shows_the_tables() -> None:
    page = PAGE.read_text("utf-8")
    assert set(re.findall(r"^\| ([EML]\d+) \|", page, re.MULTILINE)) == ALL
    assert fill(page) == page, "run: python -m tests.acceptance.bad_input"


def test_what_has_a_test_of_its_own_has_one() -> None:
    tests = "".join((TESTS / f"test_bad_{name}.py").read_text() for name in ("events", "pictures"))
    for told in (*bad_events.OTHERS, *bad_pictures.OTHERS):
        assert f"def {told.test}(" in tests
        assert told.test.startswith(f"test_{told.id.lower()}_")


def test_no_case_is_named_twice() -> None:
    for cases in (bad_events.CASES, (*bad_pictures.CASES, *bad_pictures.PATHS)):
        names = [case.name for case in cases]
        assert len(set(names)) == len(names)
