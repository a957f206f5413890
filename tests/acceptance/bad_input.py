"""The page about bad input: `python -m tests.acceptance.bad_input` writes its tables anew."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bildwerk.reasons import LETTERS, REASONS
from tests.acceptance import bad_answers, bad_events, bad_pictures
from tests.acceptance.bad_events import SHOWN, Fate, Told

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "bad-input.md"
COUNTED: Final = {
    "unknown_type": "events of a type that is none of ours",
    "unknown_job_type": "events that hold a job type that nobody knows",
    "key_mismatch": "a key that names another medium",
}
"""What the log counts of events that are well-formed."""
HEAD: Final = "| | what comes | what becomes of it | reason | where it shows | remark |\n|---|---|---|---|---|---|"
MARKED: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Row = tuple[str, str, str, str, str, str]


def list_events() -> list[Row]:
    """E1 to E28."""
    rows = [(c.id, c.what, c.fate.value, c.reason, SHOWN[c.fate], c.remark) for c in bad_events.CASES]
    rows += [(c.id, c.what, "skipped", c.reason, bad_pictures.SHOWN, c.remark) for c in bad_pictures.PATHS]
    return [*rows, *_own(bad_events.OTHERS, bad_pictures.OTHERS, letter="E")]


def list_pictures() -> list[Row]:
    """M1 to M21."""
    rows = [
        (c.id, c.what, "skipped" if c.reason else "taken", c.reason,
         bad_pictures.SHOWN if c.reason else SHOWN[Fate.PLANNED], c.remark)
        for c in bad_pictures.CASES
    ]  # fmt: skip
    return [*rows, *_own(bad_pictures.OTHERS, letter="M")]


def list_answers() -> list[Row]:
    """L1 to L20, in short: the table of its own page says more."""
    cases = (*bad_answers.CASES, bad_answers.LOST)
    return [(c.id, c.what, str(c.fate).partition(" (")[0], c.fate.reason, "`bildwerk explain`", "") for c in cases]


def _own(*several: Iterable[Told], letter: str) -> list[Row]:
    found = [told for others in several for told in others if told.id.startswith(letter)]
    return [(t.id, t.what, t.becomes, t.reason, t.shown, t.remark) for t in found]


def render(rows: Iterable[Row]) -> str:
    """The table in Markdown, in the order of the numbers."""
    lines = [HEAD]
    for number, what, becomes, reason, shown, remark in sorted(rows, key=lambda row: int(row[0][1:])):
        meaning = {**REASONS, **LETTERS, **COUNTED}[reason] if reason else ""
        told = f"`{reason}`: {meaning}" if reason else ""
        lines.append(f"| {number} | {what} | {becomes} | {told} | {shown} | {remark} |")
    return "\n".join(lines) + "\n"


def fill(page: str) -> str:
    """The page with its tables made anew."""
    tables = {"events": list_events, "pictures": list_pictures, "answers": list_answers}
    return MARKED.sub(lambda found: found[1] + render(tables[found[2]]()) + found[3], page)


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text("utf-8")), "utf-8")
