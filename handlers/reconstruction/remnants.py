"""What becomes of the words around a name that was taken out."""

import re
from typing import Final

GONE: Final = "\ufdd0"
"""Stands where something was taken out; no text holds this character."""
_PHRASES: Final = (
    r"(?:in\s+(?:the\s+)?styles?\s+of|styles?\s+of|inspired\s+by|inspiriert\s+von|im\s+stile?|in\s+der\s+(?:art|manier)"
    r"|(?:art\s*)?style\s*:|(?:artist|stil|painter|photographer|director|künstler(?:in)?|maler(?:in)?|fotograf(?:in)?)\s*:"
    r"|(?:an?\s+|eine\s+)?(?:homage|tribute|hommage)(?:\s+(?:to|an))?|somewhere|halfway"
    r"|(?:painted|drawn|illustrated|photographed)\s+by)"
)
_WORDS: Final = (
    r"(?:by|of|and|or|und|oder|&|\+|x|in|im|with|mit|from|von|the|an?|la|à|like|wie|as|on|to|des|der|dem|den|die|das|eine?|after"
    r"|nach|an|meets|trifft|between|zwischen|part|if|named|called|titled|entitled|namens|genannt|bei|vom|durch|featuring|starring)"
)
_ENDS: Final = rf"(?:{_PHRASES}|{_WORDS})"
_CONJUNCTION: Final = r"(?:and|or|und|oder|&|\+|x|meets|trifft)"
_JOINT: Final = rf"{_CONJUNCTION}|of|between|from|by|with|von|aus|zwischen"
_BREAK: Final = r"(?=\s*(?:$|[,.;:!?)\]]))"
_LOOSE: Final = (
    (re.compile(rf"[(\[]\s*{GONE}\s*(?::\s*[\d.]+\s*)?[)\]]"), GONE),
    (re.compile(rf"{GONE}\s*(?:{GONE})"), GONE),
    (re.compile(rf"(?<!\w){_ENDS}\s*{GONE}{_BREAK}", re.IGNORECASE), GONE),
    (re.compile(rf"(?<!\w)({_JOINT})\s*{GONE}\s*{_CONJUNCTION}(?!\w)", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(rf"(^|[,(\[])\s*{GONE}\s*{_CONJUNCTION}(?!\w)", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(rf"{GONE}\s*(?:by|of|von|{_CONJUNCTION})(?!\w){_BREAK}", re.IGNORECASE), GONE),
    (re.compile(rf"{GONE}['’]s?(?!\w)"), GONE),
    (re.compile(rf"(?<!\w)([Aa])n?\s*{GONE}\s*(?=[aeiouAEIOU])(?!(?:in|on|at|and|of|or)\b)"), r"\1n "),
    (re.compile(rf"(?<!\w)([Aa])n?\s*{GONE}\s*(?=[^\W\daeiouAEIOU])(?!(?:with|mit|und)\b)"), r"\1 "),
    (re.compile(rf"(?<!\w)(?:an?|the)\s*{GONE}\s*(?=(?:with|in|on|at|and|of|mit|und)\b)", re.IGNORECASE), GONE),
)  # fmt: skip
_NOTHING: Final = re.compile(rf"(?>{_ENDS}(?:\s+|$))++", re.IGNORECASE)
"""What of a clause that named somebody is not worth keeping. What was read as a phrase is never tried as its words."""
_EDGES: Final = " ;-–"


def tidy(text: str) -> str:
    """The text without `GONE`, and without what is left dangling there: prepositions, labels, empty brackets."""
    before = None
    while text != before:
        before = text
        for pattern, instead in _LOOSE:
            text = pattern.sub(instead, text)
    return ", ".join(filter(None, map(_join, text.split(","))))


def _join(segment: str) -> str:
    if GONE not in segment:
        return " ".join(segment.split())
    line = " ".join(segment.replace(GONE, " ").split()).strip(_EDGES)
    if _NOTHING.fullmatch(line):
        return ""
    line = re.sub(r"^([\"“„])\s+", r"\1", line)
    return re.sub(r"([(\[])\s+", r"\1", re.sub(r"\s+([.;:)\]])", r"\1", line))
