"""What a platform's scan flags say about nudity: `media_meta` keys `scan.*`, in the forms scanners write them.

docs/policy.md has the table of forms. What is not understood is never taken for harmless.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from contracts.facts import SCAN

KEYS: Final = ("scan.nsfw", "scan.nsfw_score", "scan.flags")
"""The keys that are looked at; others under `scan.` speak of something else."""

_UNSAFE = frozenset(
    (
        "nsfw",
        "nsfw_score",
        "unsafe",
        "nudity",
        "nude",
        "naked",
        "porn",
        "pornography",
        "explicit",
        "sexual",
        "hentai",
        "adult",
    )
)
_SAFE = frozenset(("sfw", "safe", "clean", "neutral"))
_SCORES = ("score", "probability", "value")
_LABELS = ("label", "class", "name", "flag")
_WORDS: Final[Mapping[str, float]] = {
    **dict.fromkeys((*_UNSAFE, "true", "yes"), 1.0),
    **dict.fromkeys((*_SAFE, "false", "no", "none"), 0.0),
    "very_unlikely": 0.05, "unlikely": 0.2, "possible": 0.5, "likely": 0.8, "very_likely": 0.95,
}  # fmt: skip
_SILENT = frozenset(("", "unknown", "unavailable", "pending", "error", "n/a", "na", "null"))
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")

Said = tuple[str, float | None]
"""A place in the flags, and the score (0 harmless, 1 explicit) it gives; None: it cannot be read."""


def read_scan_flags(meta: Mapping[str, JsonValue]) -> list[Said]:
    """Everything the flags say about nudity. Nothing at all is not the same as harmless."""
    said: list[Said] = []
    for key in KEYS:
        if key in meta:
            listing = key == SCAN + "flags"
            said.extend(_list_flags(key, meta[key]) if listing else _read(key, meta[key]))
    return said


def _read(place: str, value: JsonValue) -> Iterator[Said]:
    """A value that is about nudity, whatever its form."""
    match value:
        case None:
            return
        case bool() | int() | float():
            yield place, float(value) if 0 <= value <= 1 else None
        case str():
            yield from _read_text(place, value)
        case dict():
            found = list(_read_object(place, value))
            yield from found or ([(place, None)] if value else [])
        case list():
            found = list(_list_flags(place, value))
            yield from found or ([(place, None)] if value else [])


def _read_text(place: str, text: str) -> Iterator[Said]:
    word = _fold(text)
    if word in _SILENT:
        return
    if word in _WORDS:
        yield place, _WORDS[word]
    elif percent := _PERCENT.fullmatch(text.strip()):
        share = float(percent[1]) / 100
        yield place, share if share <= 1 else None
    else:
        try:
            yield from _read(place, float(text))
        except ValueError:
            yield place, None


def _read_object(place: str, value: Mapping[str, JsonValue]) -> Iterator[Said]:
    """Named flags, or one label with its score."""
    folded = {_fold(key): inner for key, inner in value.items()}
    score = next((folded[key] for key in _SCORES if key in folded), None)
    label = next((inner for key in _LABELS if isinstance(inner := folded.get(key), str)), None)
    if label is not None:
        yield from _read_label(place, _fold(label), score)
        return
    if score is not None:
        yield from _read(f"{place}.score", score)
    unsafe = _UNSAFE & folded.keys()
    for key in sorted(unsafe):
        yield from _read(f"{place}.{key}", folded[key])
    for key in sorted(_SAFE & folded.keys()):
        # One harmless class of several says little: the rest need not be nudity.
        if isinstance(folded[key], bool) or not unsafe:
            yield from ((at, None if said is None else 1 - said) for at, said in _read(f"{place}.{key}", folded[key]))


def _read_label(place: str, label: str, score: JsonValue) -> Iterator[Said]:
    if label in _UNSAFE:
        yield from _read(f"{place}.{label}", True if score is None else score)
    elif label in _SAFE:
        harmless = _read(f"{place}.{label}", True if score is None else score)
        yield from ((at, None if said is None else 1 - said) for at, said in harmless)


def _list_flags(place: str, value: JsonValue) -> Iterator[Said]:
    """Flags of every kind, of which some may be about nudity; no flag is no statement."""
    match value:
        case str():
            for word in value.split(","):
                yield from _read_label(place, _fold(word), None)
        case dict():
            yield from _read_object(place, value)
        case list():
            for inner in value:
                yield from [(place, None)] if isinstance(inner, list) else _list_flags(place, inner)
        case int() | float():
            yield place, None


def _fold(word: str) -> str:
    return re.sub(r"[\s-]+", "_", word.strip().casefold())
