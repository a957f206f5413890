"""Named queries: every statement lives in `sql/<subject>.sql` under a line `-- name: subject_verb`."""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PART = re.compile(r"^-- part (\w+)\n(.*?)^-- end\n", re.MULTILINE | re.DOTALL)


@cache
def load(subject: str) -> dict[str, str]:
    """The queries of `sql/<subject>.sql` by name, comments kept (they show up in the server's logs)."""
    text = (files("db") / "sql" / f"{subject}.sql").read_text("utf-8")
    parts = _NAME.split(text)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/{subject}.sql names a query twice")
    return {name: body.strip() for name, body in zip(names, parts[2::2], strict=True)}


def keep_parts(query: str, names: Collection[str]) -> str:
    """The query with only these of its parts, which stand between `-- part NAME` and `-- end`.

    Who leaves out what nobody wants needs no right to read it.
    """
    return _PART.sub(lambda part: part[2] if part[1] in names else "", query)
