"""Tables: one row per medium, and nothing in them that a spreadsheet would run."""

import csv
import re
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bildwerk.export.record import ExportedTag, Record, Value
from bildwerk.export.tables import COLUMNS, defuse, write_head, write_row


def read(record: Record, separator: str = ",") -> dict[str, str]:
    """The row as a program reads it."""
    text = (write_head(separator) + write_row(record, separator)).decode("utf-8-sig")
    (row,) = csv.DictReader(StringIO(text, newline=""), delimiter=separator)
    return row


def test_everything_has_its_column() -> None:
    quality: dict[str, JsonValue] = {
        "status": "review",
        "grade": "B",
        "score": 0.68,
        "defects": [{"code": "blur"}, {"code": "noise"}, 7],
    }
    policy: dict[str, JsonValue] = {"publishable": False, "needs_review": True, "blocked_reason": None}
    row = read(
        Record(
            7, "ä/b.jpg", "f1", "JPEG", 640, 480,
            title=Value('Größe; "x", y', "person"), caption=Value("c", "ours", "de"),
            description=Value("d\r\ne", "stale"), tags=(ExportedTag("a", "ours"), ExportedTag("b", "person")),
            quality=Value(quality, "ours"), scores=Value({"aesthetic": {"score": 0.75}}, "ours"),
            quality_status=Value("ok", "person"),
            policy_flags=Value(policy, "ours"), prompt=Value({"prompt": "p", "negative_prompt": None}, "file"),
        )
    )  # fmt: skip

    assert row == {
        "media_id": "7", "path": "ä/b.jpg", "title": 'Größe; "x", y', "title_by": "person", "caption": "c",
        "caption_by": "ours", "description": "d\ne", "description_by": "stale", "tags": "a; b",
        "quality_status": "ok", "quality_status_by": "person", "quality_score": "0.68", "quality_score_by": "ours",
        "quality_grade": "B", "defects": "blur; noise", "quality_by": "ours",
        "aesthetic": "0.75", "completeness": "", "compliance": "", "fidelity": "", "novelty": "",
        "scores_by": "ours", "publishable": "false", "needs_review": "true", "blocked_reason": "",
        "policy_flags_by": "ours", "prompt": "p", "negative_prompt": "", "prompt_by": "file", "format": "JPEG",
        "width": "640", "height": "480", "content_hash": "f1",
    }  # fmt: skip
    assert write_head(";").startswith(b"\xef\xbb\xbfmedia_id;path;title")
    assert write_row(Record(7, "a"), ",").endswith(b"\r\n")


@pytest.mark.parametrize("holder", [None, "text", ["x"], {"score": "=1+1", "defects": "=2", "aesthetic": "=3"}])
def test_what_is_not_in_its_usual_form_is_left_out(holder: Any) -> None:
    value = Value(holder, "person")
    row = read(Record(1, "a", quality=value, scores=value, policy_flags=value, prompt=value))

    assert not [cell for cell in row.values() if cell.startswith(("=", "x", "text"))]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        '=HYPERLINK("x")',
        "-2+3+cmd|' /C calc'!A0",
    ],
)
def test_formulas_are_defused(text: str) -> None:
    row = read(Record(1, text, title=Value(text, "person"), tags=(ExportedTag(text, "person"),)))

    assert row["path"].startswith("'")
    assert row["title"].startswith("'")
    assert row["tags"].startswith("'")


@pytest.mark.parametrize("between", [";", ",", "|", "\t", "\n", "; ", ';"', ', "'])
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\uff1d1"])
def test_no_formula_begins_where_another_separator_would_end_the_cell(between: str, formula: str) -> None:
    """Excel splits by what its country writes, not by what we wrote."""
    line = write_row(Record(1, "a", caption=Value(f"x{between}{formula}", "ours")), ",").decode()

    assert f"'{formula}" in line
    assert not re.search(rf"[;|\t\n]\s*\"*{re.escape(formula)}", line)


@given(text=st.text(max_size=40), separator=st.sampled_from(",;\t|"))
def test_any_text_comes_back_but_for_what_is_documented(text: str, separator: str) -> None:
    """No NUL, line ends as line feeds, and apostrophes before what might be a formula."""
    text = text.encode("utf-8", "ignore").decode()
    row = read(Record(1, "a", caption=Value(text, "ours")), separator)

    plain = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    assert row["caption"] == defuse(text)
    assert row["caption"].replace("'", "") == plain.replace("'", "")
    assert not row["caption"].lstrip().startswith(tuple("=+-@"))
    assert list(row) == list(COLUMNS)
