"""CSV: one row per medium, for programs in which people look at tables. Pure."""

import csv
import re
from collections.abc import Mapping
from io import StringIO
from typing import Final

from pydantic import JsonValue

from bildwerk.export.record import Record, Value
from handlers.policy.vocabulary import AXES

COLUMNS: Final = (
    "media_id", "path", "title", "title_by", "caption", "caption_by", "description", "description_by", "tags",
    "quality_status", "quality_status_by", "quality_score", "quality_score_by", "quality_grade", "defects",
    "quality_by", *AXES, "scores_by",
    "publishable", "needs_review", "blocked_reason", "policy_flags_by", "prompt", "negative_prompt", "prompt_by",
    "format", "width", "height", "content_hash",
)  # fmt: skip
BETWEEN: Final = "; "
"""What stands between several tags or defects in one cell."""
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a text begins that a spreadsheet may take for a formula, wide letters of East Asian keyboards included."""

_SEPARATORS: Final = frozenset(";,|\t\n")
_NEXT_CELL = re.compile(r"([\s\";,|]+)([=+\-@\uff1d\uff0b\uff0d\uff20]?)")
"""Where a formula would begin for a spreadsheet that takes another character for the separator than we do."""


def write_head(separator: str) -> bytes:
    """The first row, with the mark by which Excel knows UTF-8."""
    return b"\xef\xbb\xbf" + _write(COLUMNS, separator)


def write_row(record: Record, separator: str) -> bytes:
    """The medium as one row, quoted as RFC 4180 says."""
    cells = _list_cells(record)
    return _write([_show(cells[column]) for column in COLUMNS], separator)


def defuse(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet might run as a formula."""
    plain = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    safe = _NEXT_CELL.sub(_part, plain)
    return f"'{safe}" if _FORMULA.match(plain) else safe


def _part(match: re.Match[str]) -> str:
    return f"{match[1]}'{match[2]}" if match[2] and not _SEPARATORS.isdisjoint(match[1]) else match[0]


def _write(cells: object, separator: str) -> bytes:
    line = StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\r\n").writerow(cells)  # type: ignore[arg-type] # any row
    return line.getvalue().encode()


def _list_cells(record: Record) -> dict[str, JsonValue]:
    quality, policy, prompt = (_object(value) for value in (record.quality, record.policy_flags, record.prompt))
    scores = _object(record.scores)
    return {
        "media_id": record.media_id,
        "path": record.path,
        **_texts(record),
        "tags": BETWEEN.join(tag.name for tag in record.tags),
        **_judged("quality_status", record.quality_status, record.quality, "status"),
        **_judged("quality_score", record.quality_score, record.quality, "score"),
        "quality_grade": quality.get("grade"),
        "defects": BETWEEN.join(_list_codes(quality.get("defects"))),
        "quality_by": _by(record.quality),
        **{axis: _inner(scores.get(axis), "score") for axis in AXES},
        "scores_by": _by(record.scores),
        **{name: policy.get(name) for name in ("publishable", "needs_review", "blocked_reason")},
        "policy_flags_by": _by(record.policy_flags),
        **{name: prompt.get(name) for name in ("prompt", "negative_prompt")},
        "prompt_by": _by(record.prompt),
        **{name: getattr(record, name) for name in ("format", "width", "height", "content_hash")},
    }


def _texts(record: Record) -> dict[str, JsonValue]:
    fields = {"title": record.title, "caption": record.caption, "description": record.description}
    values = {name: None if value is None else value.value for name, value in fields.items()}
    return {**values, **{f"{name}_by": _by(value) for name, value in fields.items()}}


def _judged(name: str, column: Value | None, quality: Value | None, field: str) -> dict[str, JsonValue]:
    """The platform's column, else the same from our analysis."""
    found = column or (None if quality is None else Value(_object(quality).get(field), quality.held_by))
    return {name: None if found is None else found.value, f"{name}_by": _by(found)}


def _show(value: JsonValue) -> str:
    match value:
        case None | dict() | list():
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case _:
            return defuse(value)


def _by(value: Value | None) -> str | None:
    return None if value is None else value.held_by


def _object(value: Value | None) -> Mapping[str, JsonValue]:
    return value.value if value is not None and isinstance(value.value, dict) else {}


def _inner(value: JsonValue, name: str) -> JsonValue:
    return value.get(name) if isinstance(value, dict) else None


def _list_codes(defects: JsonValue) -> list[str]:
    found = (_inner(defect, "code") for defect in (defects if isinstance(defects, list) else ()))
    return [code for code in found if isinstance(code, str)]
