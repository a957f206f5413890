"""Texts a model wrote: cleaned, and refused when they say nothing about the picture."""

import re
import unicodedata

from handlers.failures import BadAnswer
from handlers.own_words import strip_links

_JOINERS = re.compile(r"(?<=[^\x00-\u024f\s])[\u200c\u200d](?=[^\x00-\u024f\s])")
_DROPPED = ("Cc", "Cf", "Cs", "Co", "Cn")
_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)")
"""A terminal's colours, cursor moves and links (ECMA-48 CSI and OSC)."""
_LABEL = re.compile(r"^(caption|title|description|titel|bildunterschrift|beschreibung)\s*:\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "»": "«", "‘": "’"}

_MEDIUM = r"(?:image|picture|photo|photograph|illustration|painting|drawing|screenshot)"
_OPENERS = {
    "en": (
        # "The image shows that ..." and "... shows how ..." would be left without a subject.
        re.compile(
            rf"^(?:in\s+)?(?:the|this)\s+{_MEDIUM}\s+(?:clearly\s+)?"
            r"(?:shows|depicts|features|displays|captures|presents|portrays|contains|is\s+of)\s+"
            r"(?!(?:that|how|what|where|when|why|us|you|up|off|no|signs)\b)",
            re.IGNORECASE,
        ),
        re.compile(
            rf"^(?:this\s+is\s+)?(?:an?|the)\s+{_MEDIUM}\s+(?:of|showing|depicting|featuring)\s+",
            re.IGNORECASE,
        ),
    ),
    "de": (
        # Left alone where the object would stay behind in the accusative ("Das Bild zeigt einen Hund").
        re.compile(
            r"^(?:das|dieses)\s+(?:bild|foto|gemälde)\s+zeigt\s+"
            r"(?=(?:eine|ein|zwei|drei|vier|fünf|sechs|mehrere|viele|einige|zahlreiche)\s)",
            re.IGNORECASE,
        ),
    ),
}

_LEFTOVERS = re.compile(
    r"</?think(?:ing)?>|<\|[^|>]{0,40}\|?>|</?(?:start|end)_of_(?:turn|image)>|\[/?INST\]|</?s>|<(?:bos|eos|pad|image)>"
    r"|<unused\d+>|<(?:0x[0-9A-F]{2})>|\[img(?:-\d+)?\]|```|<</?SYS>>|</?data\b",
    re.IGNORECASE,
)
_NO_HELP = (
    r"(?:assist|help|provide|fulfil+|comply|process|access|analy[sz]e|comment)\b"
    r"|(?:see|view|open|describe|identify)\s+(?:the|this|any|an?|your)\s+(?:image|picture|photo)\b"
)
_REFUSING = (
    r"(?:i['’]?m|i\s+am)\s+(?:(?:very|so)\s+)?sorry\s*(?:[,.]\s*)?(?:but\b|i\b|this\b)"
    r"|sorry\s*,?\s*(?:but|i)\b"
    r"|i\s+(?:can\s?not|can['’]?t|do\s+not|don['’]?t|am\s+(?:unable|not\s+able)\s+to|will\s+not|won['’]?t)\s+"
    rf"(?:{_NO_HELP})"
    rf"|i['’]?m\s+(?:unable|not\s+able)\s+to\s+(?:{_NO_HELP})"
    r"|as\s+an?\s+(?:ai|artificial|language|large\s+language)\b"
    r"|(?:no|there\s+is\s+no)\s+(?:image|picture|photo)\s+(?:(?:was|is|has\s+been)\s+(?:given|available)"
    r"|(?:(?:was|is|has\s+been)\s+)?(?:provided|attached)|to)\b"
    r"|please\s+(?:provide|upload|share|attach|send)"
    r"|(?:es\s+)?tut\s+mir\s+(?:sehr\s+)?leid"
    r"|entschuldigung\s*,"
    r"|(?:leider\s+(?:kann|darf)\s+ich|ich\s+(?:kann|darf))\s+(?:\w+\s+){0,5}?nicht\s+(?:\w+\s+){0,3}?"
    r"(?:helfen|beschreiben|beurteilen|bewerten|analysieren|kommentieren|verarbeiten|öffnen)\b"
    r"|als\s+(?:ki|künstliche|sprachmodell)\b"
    r"|(?:es\s+wurde\s+)?kein\s+(?:bild|foto)\s+(?:wurde|ist|vorhanden|bereitgestellt|angehängt)"
    r"|bitte\s+(?:laden|senden|schicken|stellen)\s+sie"
)
"""What refuses wherever it opens a text."""
_BLIND = (
    r"(?:i['’]?m|i\s+am)\s+(?:unable\s+to|not\s+able\s+to|afraid)"
    r"|i\s+(?:can\s?not|can['’]?t|do\s+not|don['’]?t)\s+(?:see|view|describe|identify|have)"
    r"|(?:no|there\s+is\s+no)\s+(?:image|picture|photo)\s+(?:was|is|has)"
    r"|ich\s+(?:kann|darf|bin\s+nicht\s+in\s+der\s+lage)\s+(?:\w+\s+){0,4}?(?:nicht|kein\w*|leider)\b"
    r"|leider\s+(?:kann|darf)\s+ich"
)
"""What refuses to describe; where a phrase says why, "I cannot see any watermark" is an answer."""
_REFUSALS = re.compile(rf"^(?:{_REFUSING}|{_BLIND})", re.IGNORECASE)
_PHRASE_REFUSALS = re.compile(rf"^(?:{_REFUSING})", re.IGNORECASE)
_HOLLOW = (
    "image picture photo photograph title caption description string text none null unknown untitled nothing empty "
    "n/a na todo the a an this of is no not available "
    "bild foto titel bildunterschrift beschreibung unbekannt nichts leer ein das dies ist kein keine ohne"
)
_EMPTY_TALK = frozenset(_HOLLOW.split())
_MIN_LETTERS = 2
ECHO_WORDS = 8
_SHORT_ECHO = 3
_CHARACTER_RUN = re.compile(r"([^\s.])\1{11,}")
_LONGEST_PHRASE = 10
_SENTENCE_ENDS = tuple(".!?…。！？")
_WHOLE = re.compile(r"[.!?…。！？](?=\s)")


def clean_text(text: str) -> str:
    """The text in NFC on one line, without control, bidi and zero-width characters, links, label or wrapping quotes.

    Joiners stay where scripts and emoji need them. Markup stays too: it is text, and escaped where it is shown.
    """
    text = _ESCAPES.sub(" ", text)
    kept = []
    joiners = {match.start() for match in _JOINERS.finditer(text)}
    for at, character in enumerate(text):
        if character.isspace() or unicodedata.category(character) == "Cc":
            kept.append(" ")
        elif at in joiners or unicodedata.category(character) not in _DROPPED:
            kept.append(character)
    line = unicodedata.normalize("NFC", " ".join("".join(kept).split()))
    line = strip_links(_LABEL.sub("", line))
    if len(line) > 1 and _QUOTES.get(line[0]) == line[-1] and line[0] not in line[1:-1]:
        line = line[1:-1].strip()
    return line


def strip_opener(text: str, language: str) -> str:
    """The text without "The image shows" and its kind, where the rest stands by itself."""
    for opener in _OPENERS.get(language, ()):
        if match := opener.match(text):
            rest = text[match.end() :]
            return rest[:1].upper() + rest[1:] if rest else text
    return text


def end_whole(text: str) -> str:
    """A text that was cut off at its limit, up to its last whole sentence. Raises BadAnswer when it has none."""
    if text.endswith(_SENTENCE_ENDS):
        return text
    ends = [match.end() for match in _WHOLE.finditer(text)]
    if not ends:
        raise BadAnswer("cut_off", text)
    return text[: ends[-1]]


def require_substance(text: str, instructions: str) -> None:
    """Raises BadAnswer for leftovers of templates, refusals, echoes of `instructions`, loops and empty talk."""
    _require_own_form(text)
    if _REFUSALS.match(text):
        raise BadAnswer("refusal", text)
    if _says_nothing(text):
        raise BadAnswer("empty_talk", text)
    _require_no_loop(text)
    if is_echo(text, instructions, shortest=_SHORT_ECHO):
        raise BadAnswer("prompt_echo", text)


def check_phrase(text: str, instructions: str, limit: int) -> str:
    """A phrase that says why (evidence, a basis), cleaned; empty where it says nothing ("none", "-").

    Not a sentence: one that was cut off at `limit` characters ends with a whole word and an ellipsis. Raises BadAnswer
    for leftovers of templates, refusals, loops, and eight words running of `instructions` (fewer may be what is there).
    """
    phrase = clean_text(text)
    _require_own_form(phrase)
    if _PHRASE_REFUSALS.match(phrase):
        raise BadAnswer("refusal", phrase)
    if _says_nothing(phrase):
        return ""
    _require_no_loop(phrase)
    if is_echo(phrase, instructions):
        raise BadAnswer("prompt_echo", phrase)
    if len(text) < limit and len(phrase) <= limit:
        return phrase
    whole = phrase[: limit - 1].rpartition(" ")[0].rstrip(",;:-–— ") or phrase[: limit - 1]
    return f"{whole}…"


def is_echo(text: str, instructions: str, shortest: int = ECHO_WORDS) -> bool:
    """Whether eight words running are a piece of the instructions, or the whole of a shorter text.

    Texts of fewer than `shortest` words are none.
    """
    words, told = _words(text), _words(instructions)
    run = min(ECHO_WORDS, len(words))
    if run < shortest:
        return False
    pieces = {tuple(told[at : at + run]) for at in range(len(told) - run + 1)}
    return any(tuple(words[at : at + run]) in pieces for at in range(len(words) - run + 1))


def _require_own_form(text: str) -> None:
    if _LEFTOVERS.search(text):
        raise BadAnswer("template_leak", text)
    if text.startswith(("{", "[{")) and '":' in text:
        raise BadAnswer("nested_json", text)


def _require_no_loop(text: str) -> None:
    if _CHARACTER_RUN.search(text) or _repeats(_words(text)):
        raise BadAnswer("repetition", text)


def _says_nothing(text: str) -> bool:
    return sum(map(str.isalpha, text)) < _MIN_LETTERS or _EMPTY_TALK.issuperset(filter(None, _words(text)))


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?\"'()…-") for word in text.casefold().split()]


def _repeats(words: list[str]) -> bool:
    """Whether one word comes five times running, or one phrase four times."""
    for length in range(1, _LONGEST_PHRASE + 1):
        wanted = (4 if length == 1 else 3) * length
        equal = 0
        for left, right in zip(words, words[length:], strict=False):
            equal = equal + 1 if left == right else 0
            if equal >= wanted:
                return True
    return False
