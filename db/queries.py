"""Named queries: every statement lives in `sql/<subject>.sql` under a line `-- name: subject_verb`."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def load(subject: str) -> dict[str, str]:
    """The queries of `sql/<subject>.sql` by name, comments kept (they show up in the server's logs)."""
    text = (files("db") / "sql" / f"{subject}.sql").read_text("utf-8")
    parts = _NAME.split(text)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/{subject}.sql names a query twice")
    return {name: body.strip() for name, body in zip(names, parts[2::2], strict=True)}
