"""Names behind words that introduce an artist, known or not: photo by, in the style of, von ... inspiriert."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from handlers.reconstruction.attribution import (
    LEAD,
    TAIL,
    WORK_AFTER,
    WORK_BEFORE,
    WORKS_AFTER,
    compile_known,
    compile_listed,
)
from handlers.reconstruction.given_names import CHARACTERS
from handlers.reconstruction.persons import count_name_words, is_given, is_modifier, is_phrase, is_strange
from handlers.reconstruction.style_words import CRAFTS, PLACES, is_free_of_names

_PARTICLE = r"(?:van|von|der|den|de|da|del|della|di|du|la|le|el|al|af|ter|ten|dos)"
_CAPITALISED = r"(?:(?:Mr|Mrs|Ms|Dr|St)\.?\s+[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’-]*|(?:[A-ZÀ-ÖØ-ÞŁŚŻ]\.[\s-]?)+|[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’-]*)"
_TITLED: Final = re.compile(
    rf"(?:{_PARTICLE}\s+)*{_CAPITALISED}(?:\s*(?<=[\s.])(?:{_PARTICLE}\s+)*{_CAPITALISED}){{0,3}}"
)
_WORDS: Final = re.compile(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){0,7}")
_AND: Final = re.compile(
    r"\s*,?\s*(?:\b(?:and|und|or|oder|x|meets|trifft)\b|&|\+|/)\s*(?:by\s+|von\s+|part\s+)?",
    re.IGNORECASE,
)
_CHARACTER: Final = re.compile(rf"(?:{'|'.join(map(re.escape, CHARACTERS))})\b", re.IGNORECASE)
_GERMAN: Final = re.compile(r"\b(?:von|des|der|durch|an|nach|bei|wie|stile?|art|manier)\s*$|\bvon\b", re.IGNORECASE)
_CAUSED: Final = ("ed", "lit", "en")
"""How a word ends after which "by" tells a cause: lit by, surrounded by."""
_ARTICLE: Final = re.compile(r"\b(?:an?|eine[mrs]?|ein)\s+(?:\w+\s+)?$|\bthe\s+$", re.IGNORECASE)
_NATIONS: Final = ("ian", "ese", "ish")
_MOODS: Final = re.compile(r"evoking|recalling|echoing|.*:\s*$", re.IGNORECASE)
"""After these one word with a capital is more often a mood, or a label's first: evoking Nostalgia, Style: Rusty."""
_QUOTES, _CLOSING = '"“„', ('"', "”", "“")
_BEFORE: Final = 40
_STARTS: Final = re.compile(r"(?:^|[,(;:.])\s*$")


@dataclass(frozen=True, slots=True)
class Introduced:
    """Names in a text and the words that introduce them, from `start` to `end`; `kind` is that of the wording."""

    kind: str
    names: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where names may begin: behind which words, in what kind of part."""

    lead: re.Match[str]
    kind: str
    depicts: bool
    is_place: bool
    tailed: bool

    @property
    def german(self) -> bool:
        return _GERMAN.search(self.lead[0]) is not None

    @property
    def before(self) -> str:
        """The words before it, as far as they matter."""
        return self.lead.string[max(0, self.lead.start() - _BEFORE) : self.lead.start()]


def find_introduced(text: str, *, depicts: bool, is_place: bool) -> Iterator[Introduced]:
    """Every such place, from left to right, without overlap.

    `depicts`, `is_place`: names may be somebody in the picture, or a place.
    """
    at, known = 0, [match.span() for match in compile_known().finditer(text)]
    while (lead := LEAD.search(text, at)) is not None:
        kind = lead.lastgroup or "by"
        if kind == "role" and (depicts or is_place):
            at = lead.start() + 1
            continue
        if any(first < lead.start() < last for first, last in known):
            at = lead.start() + 1
            continue
        tail = _find_tail(text, lead.end())
        place = _Place(lead, kind, depicts, is_place, tailed=tail is not None and _is_tailable(lead))
        end = _find_end(text, place)
        if end == lead.end() or (kind == "tailed" and TAIL.match(text, end) is None) or _is_work(lead, text, end):
            at = max(lead.start() + 1, lead.end(kind))
            continue
        names = text[lead.end() : end]
        end += lead[0][-1] in _QUOTES and text[end : end + 1] in _CLOSING
        tail = TAIL.match(text, end) if _is_tailable(lead) else None
        end = tail.end() if tail else end
        if kind != "tailed" and _ARTICLE.search(lead[0]) is None and (works := WORKS_AFTER.match(text, end)):
            end = works.end()
        yield Introduced(kind, names, lead.start(), end)
        at = end


def _is_work(lead: re.Match[str], text: str, end: int) -> bool:
    """Whether it is a work that is spoken of: as in a Vermeer painting."""
    return _ARTICLE.search(lead[0]) is not None and WORK_AFTER.match(text, end) is not None


def _is_tailable(lead: re.Match[str]) -> bool:
    return lead[0].casefold().split()[0] in ("von", "an", "wie")


def _find_tail(text: str, at: int) -> re.Match[str] | None:
    """The German verb that ends the clause from there, if one does."""
    clause = re.compile(r"[^,.;:()]*").match(text, at)
    return TAIL.search(text, at, clause.end()) if clause else None


def _find_end(text: str, place: _Place) -> int:
    """Where the names end; where they should begin, if there are none."""
    start = end = place.lead.end()
    while (after := _find_name(text, start, place)) > start:
        end = after
        more = _AND.match(text, end)
        if more is None:
            break
        start = more.end()
    return end


def _find_name(text: str, at: int, place: _Place) -> int:
    """Where one name ends; `at` if there is none."""
    if _CHARACTER.match(text, at) or (place.is_place and place.kind == "by" and not compile_known().match(text, at)):
        return at
    listed = compile_listed().match(text, at)
    if listed and (
        place.kind != "by" or compile_known().match(text, at) or _is_made(place) or _is_signature(text, at, place)
    ):
        more = re.compile(r"\s+[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’-]+").match(text, listed.end())
        return more.end() if more and is_strange(more[0].strip()) else listed.end()
    titled = _TITLED.match(text, at)
    if titled and place.kind != "weak" and _is_titled_name(titled[0], place, text[titled.end() :]):
        return titled.end()
    if titled and place.kind != "weak" and len(titled[0].split()) > 1:
        return at
    return _find_plain(text, at, place, titled=titled is not None)


def _find_plain(text: str, at: int, place: _Place, *, titled: bool) -> int:
    """Where a name ends that is told by its words alone, in whatever case."""
    words = _WORDS.match(text, at)
    if words is None or (titled and place.german and not place.tailed and place.kind == "style"):
        return at
    if place.kind == "by" and place.depicts and place.german and not place.tailed:
        return at
    parts = words[0].split(" ")
    freely = not (place.depicts or place.is_place or place.before.rstrip().casefold().endswith(_CAUSED))
    by_somebody = place.kind == "by" and (_is_made(place) or freely or is_given(parts[0]))
    made = place.kind == "signed" or by_somebody
    count = count_name_words(parts, made=made)
    if place.kind == "weak" and place.depicts:
        return at
    uncertain = place.kind in ("weak", "tailed", "role") or (place.kind == "by" and not _is_made(place))
    if count == 0 or (count < 2 and uncertain):
        return at
    return at + len(" ".join(parts[:count]).rstrip(".'’"))


def _is_made(place: _Place) -> bool:
    """Whether "by" and "von" tell who made the picture."""
    return place.tailed or WORK_BEFORE.search(place.before) is not None or _STARTS.search(place.before) is not None


def _is_signature(text: str, at: int, place: _Place) -> bool:
    """Whether a word with a capital after "by" may be a name: no cause, and no thing."""
    caused = place.before.rstrip().casefold().endswith(_CAUSED)
    return text[at].isupper() and not caused and _ARTICLE.search(place.lead[0]) is None


def _is_titled_name(names: str, place: _Place, after: str) -> bool:
    """Whether words with capitals are an unknown artist."""
    words = re.findall(r"[^\W_]+", names)
    single = len(names.split()) == 1
    if is_free_of_names(words) or any(word.casefold() in PLACES for word in words) or names.casefold() in CRAFTS:
        return False
    if single and names.endswith(_NATIONS):
        return False
    if place.kind == "by":
        return not _means_else(place, single=single)
    if place.kind == "style" and single and _MOODS.match(place.lead[0]):
        return is_strange(names)
    if place.kind == "style" and single and (_ARTICLE.search(place.lead[0]) or is_modifier(names, after)):
        return False
    if place.kind in ("signed", "role"):
        return not (single and place.german) or is_strange(names)
    # German nouns are capitalised, and titles are.
    return not is_phrase(names.split(), german=place.german)


def _means_else(place: _Place, *, single: bool) -> bool:
    """Whether "by" and "von" tell a cause, or of whom a portrait is."""
    if place.tailed:
        return single
    if place.german and place.depicts:
        return True
    if not single:
        return False
    if _ARTICLE.search(place.lead[0]):
        return True
    before = place.before.rstrip().casefold()
    return place.german or before.endswith(_CAUSED) or (place.depicts and WORK_BEFORE.search(before) is None)
