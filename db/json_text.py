"""JSON of anybody's, between PostgreSQL's text and Python's values."""

import json
import sys
from typing import Any

import orjson


def write_json(value: object) -> str:
    """The value as text. Raises TypeError for what JSON does not have."""
    return orjson.dumps(value).decode()


def read_json(text: str) -> Any:
    """The value of a text of PostgreSQL's, which holds numbers that no double does, and that orjson refuses."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text, parse_int=_count)


def _count(digits: str) -> int | float:
    """Python refuses more than 4300 digits, orjson to write more than 19: as good as the largest double."""
    if len(digits) < 19:
        return int(digits)
    return max(-sys.float_info.max, min(sys.float_info.max, float(digits)))
