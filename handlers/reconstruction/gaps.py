"""Whether a prompt is whole, told from its text alone.

A prompt is incomplete for the first of these reasons that holds:

1. `no_text`: it has no letters to speak of, or is a file name, an address, JSON, a hash, or a word such as "none".
2. `placeholder`: something was to be filled in and was not: `{subject}`, `__colour__`, `[insert ...]`, `{red|blue}`.
3. `cut_off`: it ends with an ellipsis, inside a bracket or quotation, or with a word or mark after which more must
   come. Lists of tags may end with a comma: many people leave one.
4. `only_quality`: all it says is how good the picture should be.
5. `too_short`: neither words nor tags enough (`ReconstructionRules`). LoRA names, weights and parameters do not count.
"""

import re
from enum import StrEnum
from typing import Final

from handlers.reconstruction.rules import ReconstructionRules


class Gap(StrEnum):
    """Why a prompt is incomplete."""

    NO_TEXT = "no_text"
    PLACEHOLDER = "placeholder"
    CUT_OFF = "cut_off"
    ONLY_QUALITY = "only_quality"
    TOO_SHORT = "too_short"


_BLANKS = (
    r"subjects?|prompts?|positive|negative|colou?rs?|styles?|artists?|characters?|names?|places?|locations?|settings?"
    r"|scenes?|animals?|objects?|things?|persons?|gender|age|pose|actions?|mood|lighting|weather|medium|input|text"
    r"|variable|placeholder|keywords?|adjectives?|nouns?|verbs?|topic|theme|trigger(?:[ _]?words?)?|title|description"
    r"|farben?|motiv|ort|stil|tier|titel|beschreibung|stimmung"
)
_BLANK = rf"(?:your[ _])?(?:{_BLANKS})(?:[ _-]?(?:here|\d+))?"
_PLACEHOLDER = re.compile(
    rf"\{{\s*{_BLANK}\s*\}}|\[\s*{_BLANK}\s*\]|<\s*{_BLANK}\s*>|%{_BLANK}%|\${_BLANK}\b"
    r"|(?<![^\W_])__[\w*/ -]+__(?![^\W_])|\{[^{}|]*\|[^{}]*\}|\[\.\.\.\]|\(\.\.\.\)"
    r"|\[\s*(?:insert|your|enter|fill|describe|choose|hier|deine?r?)\b[^\[\]]{0,200}\]"
    r"|\b(?:your|enter|insert|the) (?:own )?prompt (?:goes )?here\b|\binsert \w+(?: \w+)? here\b"
    r"|\blorem ipsum\b|\b(?-i:TODO|TBD)\b",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"\bNegative prompt:.*|\bSteps: \d.*|(?<!\S)--\w+(?:\s+[\w.:/]+)?", re.DOTALL)
_NETWORKS = re.compile(r"<\w+:[^<>]*>")
_WEIGHTS = re.compile(r":\s*-?\d+(?:\.\d+)?(?=\s*[)\]},]|\s*$)")
_EMOTICONS = re.compile(r"(?<![\w)])[>}]?[:;=]-?[()\[\]<>]+(?!\w)")
_ESCAPED = re.compile(r"\\[()\[\]{}]")
_SEGMENTS = re.compile(r"[,;|\n.。、，；]+|\b(?:BREAK|AND)\b")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Scripts that put no spaces between words; two of their characters are counted as a word."""
_NO_PROMPTS = (
    re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE),
    re.compile(
        r"[^,;]*\.(?:png|jpe?g|webp|gif|avif|hei[cf]|tiff?|bmp|psd|mp4|json|txt|safetensors|ckpt)", re.IGNORECASE
    ),
    re.compile(r"[\[{].*\"\s*:.*", re.DOTALL),
    re.compile(r"(?=\S*\d)[A-Za-z0-9+/=-]{16,}"),
    re.compile(
        r"\W*(?:none|null|nil|undefined|n/?a|nan|unknown|untitled|test(?:ing)?|(?:no |positive |my )?prompts?|empty"
        r"|object object|asdf\w*|xxx+|tbd|todo|keine?r?|kein prompt|unbekannt|ohne titel|leer)\W*",
        re.IGNORECASE,
    ),
)
_MORE_COMES = (
    "and or with without of the a an by from into wearing featuring und oder mit ohne von der ein eine einem einer im "
    "dem den des zum zur beim"
)
_DANGLING: Final = frozenset(_MORE_COMES.split())
_CONTINUED = ("…", "..", ",", ";", ":", "-", "–", "—", "&", "(", "[", "{", "„", "，", "、")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("「", "」"), ("«", "»"))
_MARKS = (
    "masterpiece masterpieces best amazing great good high highest higher top ultra super very extremely highly hyper "
    "quality res resolution highres absurdres incredibly detail details detailed intricate insanely sharp focus crisp "
    "clear professional award winning trending on artstation aesthetic aesthetics beautiful stunning gorgeous perfect "
    "4k 8k 16k uhd hd fhd hdr raw newest recent realistic photorealistic photorealism hyperrealistic octane unreal "
    "engine render wallpaper score up "
    "meisterwerk beste bester bestes qualität hohe höchste auflösung hochauflösend detailliert detailreich sehr scharf "
    "schön wunderschön perfekt professionell"
)
_QUALITY: Final = frozenset(_MARKS.split())
_LETTERS = 0.4
"""Share of letters and digits, spaces aside, below which something is no text."""


def find_gap(prompt: str, rules: ReconstructionRules | None = None) -> Gap | None:
    """Why the prompt is incomplete; None: it is whole."""
    rules = rules or ReconstructionRules()
    text = _ESCAPED.sub("", prompt).strip()
    told = _PARAMETERS.sub("", text).strip()
    plain = _WEIGHTS.sub("", _NETWORKS.sub("", told)).strip()
    if _is_no_text(text) or _is_no_text(plain):
        return Gap.NO_TEXT
    if _PLACEHOLDER.search(text):
        return Gap.PLACEHOLDER
    segments = [words for part in _SEGMENTS.split(plain) if (words := _WORD.findall(part.replace("_", " ").casefold()))]
    content = {tuple(words) for words in segments if not _is_quality(words)}
    enough_tags = len(content) >= rules.minimum_tags
    if _is_cut_off(plain, is_list=enough_tags):
        return Gap.CUT_OFF
    if not content:
        return Gap.ONLY_QUALITY
    enough_words = sum(map(_count, content)) >= rules.minimum_words
    return None if enough_tags or enough_words else Gap.TOO_SHORT


def _is_no_text(text: str) -> bool:
    shown = [character for character in text if not character.isspace()]
    letters = sum(map(str.isalpha, shown))
    spoken = sum(map(str.isalnum, shown))
    return letters < 2 or spoken < _LETTERS * len(shown) or any(form.fullmatch(text) for form in _NO_PROMPTS)


def _is_quality(words: list[str]) -> bool:
    return all(word in _QUALITY or word.isdigit() for word in words)


def _count(words: tuple[str, ...]) -> int:
    spaceless = sum(len(_SPACELESS.findall(word)) for word in words)
    return spaceless // 2 + sum(not _SPACELESS.search(word) for word in words)


def _is_cut_off(text: str, *, is_list: bool) -> bool:
    end = text.rstrip()
    if is_list:
        end = end.rstrip(", ，、")
    if end.endswith(_CONTINUED) or _ends_inside(_EMOTICONS.sub("", end)):
        return True
    words = _WORD.findall(end)
    return bool(words) and words[-1].casefold() in _DANGLING and end.casefold().endswith(words[-1].casefold())


def _ends_inside(text: str) -> bool:
    """Whether the last bracket or quotation mark opens something that is never closed."""
    quotes = len(re.findall(r"(?<!\d)\"", text)) % 2 == 1
    # German closes with the mark that English opens with.
    german = "„" in text
    curly = text.rfind("„") > max(text.rfind("“"), text.rfind("”")) if german else text.rfind("“") > text.rfind("”")
    network = text.rfind("<") > text.rfind(">") and re.search(r"<\w+:[^<>]*$", text) is not None
    return quotes or curly or network or any(text.rfind(opening) > text.rfind(closing) for opening, closing in _PAIRS)
