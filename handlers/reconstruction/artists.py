"""Names of artists, taken out of what a model says: it guesses them, and they are people.

Known names go wherever they stand, unknown ones where the wording introduces an artist ("art by", "in the style of",
"im Stil von"). Styles, techniques and places stay, and so do people whom the platform's own texts name.
"""

import re
import unicodedata
from typing import Final

from handlers.reconstruction.artist_names import FULL_NAMES, SURNAMES
from handlers.reconstruction.style_words import LOWER_CASE_ENDS, PLACES, is_free_of_names, is_style

DEPICTING: Final = ("subject", "action")
"""Parts in which somebody may be named because he is in the picture."""
SETTING: Final = "setting"
"""The part in which names are places."""


def _spell(name: str) -> str:
    """A pattern for the name with or without its accents, spaces or hyphens between its words."""
    letters = []
    for letter in name:
        bare = unicodedata.normalize("NFD", {"ł": "l", "Ł": "L"}.get(letter, letter))[0]
        letters.append(re.escape(letter) if bare == letter else f"(?:{letter}|{bare}|{_SPELLED.get(letter, bare)})")
    return re.sub(r"(?:\\ |\\-)+", r"[\\s_-]+", re.sub(r"\\\.(?:\\ )?", r"\\.?[\\s_]*", "".join(letters)))


_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa"}
_TERMS = r"rembrandt[\s-]*(?:light|licht|beleuchtung)|van dyck brown|m(?:ö|oe)bius[\s-]*(?:strip|band)"
"""What is called after somebody, and no imitation of his work."""
_LONGEST_FIRST = sorted((*FULL_NAMES, *SURNAMES), key=len, reverse=True)
_KNOWN = rf"(?i:\b(?!{_TERMS})(?:{'|'.join(map(_spell, _LONGEST_FIRST))}))"
_PARTICLE = r"(?:van|von|der|den|de|da|del|della|di|du|la|le|el|al|ter|ten|dos)"
_CAPITALISED = r"(?:(?:[A-ZÀ-ÖØ-ÞŁŚŻ]\.[\s-]?)+|[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’-]*)"
_UNKNOWN = rf"(?:{_PARTICLE}\s+)*{_CAPITALISED}(?:\s*(?<=[\s.])(?:{_PARTICLE}\s+)*{_CAPITALISED}){{0,3}}"
_ONE = rf"(?:{_KNOWN}(?:['’]?s|['’])?(?!\w)|{_UNKNOWN})"
_AND = r"(?:\s*,?\s*(?:\b(?:and|und|or|oder|x|meets|trifft)\b|&|\+|/)\s*(?:by\s+|von\s+)?|\s*,\s*(?:by|von)\s+)"
_NAMES = rf"(?P<names>{_ONE}(?:{_AND}{_ONE})*(?:['’]s?\b)?)"
_WHO = r"(?:(?:the|a|dem|der|den)\s+)?(?:(?:great|famous|late|berühmten)\s+)?"
_CALLED = (
    r"(?:(?:works?|art|paintings?|style|painter|artist|photographer|illustrator|director|master|maler\w*|künstler\w*"
    r"|fotograf\w*|werke?n?|bilder\w*|gemälden?)\s+(?:of\s+|by\s+|von\s+)?)?"
)
_STYLE_OF = re.compile(
    r"(?P<lead>(?i:\b(?:in\s+(?:the\s+)?(?:\w+\s+)?(?:style|manner|spirit|tradition|vein)s?\s+of|(?:\w+\s+)?styles?\s+of"
    r"|inspired\s+by|influenced\s+by|homage\s+to|tribute\s+to|reminiscent\s+of|after|à\s+la|a\s+la|"
    r"(?:painted|drawn|illustrated|photographed|shot|designed|created|made|rendered|sculpted|directed)\s+by"
    r"|im\s+stile?\s+(?:von|des|der)|in\s+der\s+art\s+(?:von|des|der)|nach\s+art\s+(?:von|des|der)|im\s+stile?"
    r"|in\s+(?:der\s+)?manier\s+(?:von|des|der)|(?:inspiriert|beeinflusst)\s+(?:von|durch)|hommage\s+an|frei\s+nach"
    rf"|(?:gemalt|gezeichnet|fotografiert|illustriert|entworfen|geschaffen|gestaltet)\s+von))\s+(?i:{_WHO}{_CALLED}))"
    rf"{_NAMES}"
)
_BY = re.compile(rf"(?P<lead>(?i:\b(?:by|von))\s+(?i:{_WHO}{_CALLED})){_NAMES}")
_MADE_BY = re.compile(
    r"(?i:\b(?P<lead>(?:art|artwork|painting|illustration|drawing|paint(?:ed)?|drawn|illustrated)\s+by)\s+)"
    r"(?P<names>[a-z][a-z'’-]+(?:\s+[a-z][a-z'’-]+){1,2})(?=\s*(?:,|\.|$|\band\b))"
)
_KNOWN_ANYWHERE = re.compile(
    rf"(?i:(?:\b(?:in|im)\s+(?:the\s+)?(?={_KNOWN}(?:['’]s|s)?[\s-]+(?:style|stil)\b))?)(?P<names>{_KNOWN})"
    r"(?i:(?:esque|haft)?(?:['’]s|['’]|s)?(?:[\s-]+(?:style[ds]?|stil|inspired|inspiriert|esque|like|artig\w*))?)\b"
)
_SITES = re.compile(
    r"(?i:(?:\b(?:trending|featured|popular|posted|seen|award[\s-]winning|contest winner)\s+(?:on|at|auf|bei)\s+)?[#@]?"
    r"\b(?:art\s?station(?:\s?hq)?|deviant\s?art|pixiv|cg\s?society|behance|patreon|dribbble)\b)"
)
_HANDLE = re.compile(
    r"(?<![\w@])@\w[\w.]{2,}|\b(?!(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz)[A-Z])[A-Z][a-z]+[A-Z][A-Za-z]+\b"
)
_AT_HANDLE = re.compile(r"(?<![\w@])@\w[\w.]{2,}")
_GERMAN_LEAD = re.compile(r"\b(?:von|des|der|durch|an|nach|stile?)\s*$|\bvon\b", re.IGNORECASE)
_CAUSED = ("ed", "lit", "en")
"""How a word ends after which "by" tells a cause: lit by, surrounded by."""
_WORKS = ("art", "artwork", "drawing", "illustration", "painting", "photo", "photograph", "portrait", "sketch")
_LOOSE_END = re.compile(
    r"(?:^|\s+)(?:in\s+(?:the\s+)?styles?\s+of|styles?\s+of|inspired\s+by|inspiriert\s+von|im\s+stile?(?:\s+von)?"
    r"|(?:painted|drawn|illustrated|photographed)\s+by|by|of|and|or|und|oder|&|\+|x|in|im|with|mit|from|von|the|an?|la|à"
    r"|like|wie|as|on|to|des|der|after|meets)$",
    re.IGNORECASE,
)
_LOOSE_START = re.compile(r"^(?:and|or|und|oder|&|\+|meets|,)\s+", re.IGNORECASE)


def drop_artists(slot: str, text: str, known_people: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of a part without artists' names, and those that were taken out; empty when nothing is left.

    `known_people` are the platform's own texts: whom they name may be in the picture.
    """
    sweep = _Sweep(slot, _fold(known_people))
    cleaned = text
    for pattern, judge in (
        (_SITES, sweep.take),
        (_AT_HANDLE if slot in (*DEPICTING, SETTING) else _HANDLE, sweep.take_handle),
        (_STYLE_OF, sweep.take_style),
        (_MADE_BY, sweep.take_lower),
        (_BY, sweep.take_by),
        (_KNOWN_ANYWHERE, sweep.take_known),
    ):
        cleaned = pattern.sub(judge, cleaned)
    if not sweep.dropped:
        return text, ()
    return _tidy(cleaned), tuple(dict.fromkeys(sweep.dropped))


class _Sweep:
    """What is taken out of one text; each method gives what stays of a match."""

    def __init__(self, slot: str, people: str) -> None:
        self.slot, self.people, self.dropped = slot, people, list[str]()

    def take(self, match: re.Match[str]) -> str:
        return self._drop(match, match[0])

    def take_handle(self, match: re.Match[str]) -> str:
        words = re.findall(r"[A-Z][a-z]+", match[0])
        return match[0] if words and is_free_of_names(words) else self._drop(match, match[0])

    def take_known(self, match: re.Match[str]) -> str:
        return match[0] if self._is_depicted(match["names"]) else self._drop(match, match["names"])

    def take_style(self, match: re.Match[str]) -> str:
        lead, names = match["lead"], match["names"]
        if self._stays(names):
            return match[0]
        # German nouns are capitalised, and "after" tells a time more often than a master.
        if _is_common(names) and (_GERMAN_LEAD.search(lead) or lead.casefold().startswith("after")):
            return match[0]
        return self._drop(match, names)

    def take_lower(self, match: re.Match[str]) -> str:
        words = match["names"].split()
        if any(word in LOWER_CASE_ENDS or is_style(word) for word in words):
            return match[0]
        return match["lead"].rpartition(" ")[0] + self._drop(match, match["names"])

    def take_by(self, match: re.Match[str]) -> str:
        names = match["names"]
        if self._stays(names) or (not _is_known(names) and self._means_else(match)):
            return match[0]
        return self._drop(match, names)

    def _means_else(self, match: re.Match[str]) -> bool:
        """Whether "by" and "von" tell a place, a cause, or of whom a portrait is."""
        german = match["lead"].casefold().startswith("von")
        if self.slot == SETTING or (german and self.slot in DEPICTING):
            return True
        before = match.string[: match.start()].rstrip().casefold()
        if not _is_common(match["names"]):
            return False
        return german or before.endswith(_CAUSED) or (self.slot in DEPICTING and not before.endswith(_WORKS))

    def _stays(self, names: str) -> bool:
        """Whether these are no artists: a style, a place, or people the platform knows to be there."""
        words = re.findall(r"[^\W_]+", names)
        if _is_known(names):
            return self._is_depicted(names)
        if is_free_of_names(words) or any(word.casefold() in PLACES for word in words):
            return True
        return self._is_depicted(names)

    def _is_depicted(self, names: str) -> bool:
        return self.slot in DEPICTING and f" {_fold(names)} " in f" {self.people} "

    def _drop(self, match: re.Match[str], names: str) -> str:
        self.dropped.append(names.strip(" ,.'’"))
        # What stands around the match must not grow together.
        return " " if match.end() < len(match.string) else ""


def _is_common(names: str) -> bool:
    """Whether these are single words that nobody is known by: nouns, as likely as not."""
    return not _is_known(names) and all(len(name.split()) == 1 for name in re.split(_AND, names))


def _is_known(names: str) -> bool:
    return _KNOWN_ANYWHERE.search(names) is not None


def _fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare))


def _tidy(text: str) -> str:
    """The text without the loose ends that a name left behind."""
    segments = []
    for segment in re.sub(r"\(\s*\)|\[\s*\]", " ", text).split(","):
        line, before = " ".join(segment.split()).strip(" ;-–"), None
        while line != before:
            before = line
            line = _LOOSE_START.sub("", _LOOSE_END.sub("", line)).strip(" ;-–")
        segments.append(re.sub(r"\s+([.;:)])", r"\1", line))
    return ", ".join(filter(None, segments))
