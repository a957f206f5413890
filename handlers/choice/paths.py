"""Patterns of paths, as people know them from `.gitignore`. Pure."""

import re
from dataclasses import dataclass, field
from fnmatch import translate
from unicodedata import normalize
from urllib.parse import unquote

_ROOT = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*:)?(.*)", re.DOTALL)
_ANY = "**"
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A pattern for the references in `media.path`.

    `*` and `?` stand for any text and any character without a slash, `[abc]` for one of these, `**` for any number of
    folders. It names a file, or a folder with all that is below it; with a slash at its end, a folder. With any other
    slash it begins at the top, else the name may be anywhere. One that begins with a root's name or a scheme
    (`photos:`, `s3:`) is about that root only, any other about all. Upper and lower case are the same, and so are the
    ways to write an umlaut. Raises ValueError when nothing is left to match.
    """

    text: str
    _root: str = field(init=False, repr=False, compare=False)
    _steps: tuple[re.Pattern[str] | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        root, rest = _split_root(_fold(self.text))
        steps = list(_list_steps(rest))
        if not (root or steps):
            raise ValueError("a path pattern is empty")
        if "/" not in rest.rstrip("/"):
            steps.insert(0, _ANY)
        if rest.endswith("/") or not rest:
            steps.append("*")
        steps.append(_ANY)
        compiled = (None if step == _ANY else re.compile(translate(step)) for step in steps)
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_steps", tuple(compiled))

    def matches(self, path: str) -> bool:
        """Whether the reference is one that the pattern is about."""
        root, rest = _split_root(_fold(path))
        if root == "file:":
            rest = _fold(unquote(rest))
        return self._root in ("", root) and _walk(self._steps, _list_steps(rest))

    def __str__(self) -> str:
        return self.text


def _walk(steps: tuple[re.Pattern[str] | None, ...], names: tuple[str, ...]) -> bool:
    """Match step by step; what went wrong after a `**` is tried again with one more folder in it."""
    step = name = 0
    again: tuple[int, int] | None = None
    while name < len(names):
        pattern = steps[step] if step < len(steps) else _NOTHING
        if pattern is None:
            step += 1
            again = step, name
        elif pattern.match(names[name]):
            step, name = step + 1, name + 1
        elif again:
            step, name = again[0], again[1] + 1
            again = step, name
        else:
            return False
    return all(left is None for left in steps[step:])


def _fold(text: str) -> str:
    return normalize("NFC", text).casefold()


def _split_root(text: str) -> tuple[str, str]:
    found = _ROOT.fullmatch(text)
    assert found is not None
    return found[1] or "", found[2]


def _list_steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step not in ("", "."))
