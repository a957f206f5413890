"""Which store a reference leads to: a media root, a bucket or a web server. Opens nothing."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from handlers.failures import Invalid
from handlers.inspect.reasons import Reason

UNNAMED: Final = ""
"""The store of references without a name before them: the media root."""
ROOT_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
SCHEMES: Final = frozenset({"file", "s3", "http", "https"})
"""No media root has such a name."""

_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):")
_SCHEME = re.compile(r"(s3|https?)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture is: its store's name, and what that store calls it (a path, a key, a URL)."""

    store: str
    name: str


def read_scheme(reference: str) -> str:
    """`s3`, `http` or `https` of a URL that leads elsewhere, or of a store's name; empty for anything else."""
    found = _SCHEME.match(reference)
    return found[1].lower() if found else ""


def refer_to(path: str, roots: Collection[str]) -> str:
    """What leads to a path below the media root without a name, also where it begins like the name of another."""
    return f"./{path}" if any(roots) and _PREFIX.match(path) else path


def locate_below(reference: str, roots: Collection[str]) -> Place:
    """The media root that a path or a `file:` URI is in, by the name before it. Raises Invalid for a name unknown.

    Where no root has a name a colon is a letter like any other. `./a:b.jpg` is one everywhere.
    """
    found = _PREFIX.match(reference)
    name = found[1] if found else UNNAMED
    if found is not None and name.lower() != "file":
        if name in roots:
            return Place(name, reference[found.end() :])
        if any(roots) and ROOT_NAME.fullmatch(name):
            raise Invalid(Reason.BAD_REFERENCE, f"there is no media root of the name {name}")
    if UNNAMED not in roots:
        raise Invalid(Reason.BAD_REFERENCE, "no name, and every media root has one")
    return Place(UNNAMED, reference)
