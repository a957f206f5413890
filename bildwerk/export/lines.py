"""JSON Lines: one object per medium. Pure."""

from dataclasses import asdict

import orjson

from bildwerk.export.record import Record


def write_line(record: Record) -> bytes:
    """The medium as one line of UTF-8, everything as it is kept."""
    return orjson.dumps(asdict(record), option=orjson.OPT_APPEND_NEWLINE)
