"""What the threat model says is shown by tests that exist, and what may quote is named there."""

import re
from pathlib import Path

from tests.acceptance.test_canaries import QUOTING

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_it_names_is_there() -> None:
    named = NAMED.findall(PAGE.read_text())
    assert len(named) > 20
    for file, test in named:
        text = (ROOT / file).read_text()
        assert not test or re.search(rf"def {test}\(", text), f"{file} has no {test}"


def test_every_column_that_may_quote_is_named() -> None:
    assert {column for column in QUOTING if f"`{column}`" not in PAGE.read_text()} == set()
