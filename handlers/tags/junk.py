"""What is no tag, whoever says it."""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import Final

from contracts.tags import fold_name
from handlers.orders import gives_orders
from handlers.own_words import strip_links

MOST_CHARACTERS: Final = 50
MOST_WORDS: Final = 5
_GENERIC: Final = (
    "image|images|photo|photos|photograph|photographs|picture|pictures|pic|pics|jpg|jpeg|png|webp|gif|untitled|none"
    "|null|nil|nan|n/a|na|unknown|undefined|unspecified|unnamed|unclear|unsure|nothing|something|anything|empty|tag"
    "|tags|keyword|keywords|caption|description|title|main|other|others|misc|miscellaneous|various|etc|and more|nobody"
    "|not applicable|not available|not visible|thing|things|stuff|object|objects|item|items|subject|content|text here"
    "|bild|bilder|foto|fotos|fotografie|aufnahme|unbekannt|unklar|nichts|etwas|leer|keine|keiner|keines|kein"
    "|schlagwort|schlagworte|schlagwörter|titel|beschreibung|ohne titel|sonstiges|verschiedenes|diverses|objekt"
    "|objekte|ding|dinge|gegenstand|gegenstände|usw|niemand|nicht sichtbar|nicht erkennbar|hauptmotiv|motiv"
)
_QUALITY: Final = (
    r"masterpiece|(?:best|high|highest|top|ultra|amazing|great|good|normal|low|lowest|worst|bad|superb) quality"
    r"|quality|(?:ultra |very |super )?high ?res(?:olution)?|hi ?res|absurd ?res|incredibly absurdres"
    r"|\d{1,2}k(?: uhd| hd| wallpaper| resolution)?|uhd|hd|hq|(?:full|ultra) hd"
    r"|(?:highly|ultra|extremely|very|hyper|insanely|super) detailed(?: \w+)?|(?:intricate|fine) details?|ultra sharp"
    r"|sharp focus|trending on artstation|artstation|award winning(?: photo(?:graph(?:y)?)?)?|unreal engine(?: \d)?"
    r"|octane render|very aesthetic|score \d(?: up)?|rating (?:safe|explicit|general|questionable)"
    r"|meisterwerk|(?:beste|hohe|höchste) qualität|hochauflösend|hohe auflösung|(?:hoch|sehr )detailliert"
)
_NOT_THERE: Final = (
    r"(?:no|not|without) (?:any |visible )?(?:people|persons?|humans?|text|animals?|one|objects?|faces?|watermarks?"
    r"|signature|background|logos?|tags?|visible|clear|applicable|known)\b.*"
    r"|(?:keine?[rnms]?|ohne|nicht) .*"
)
_SENTENCE: Final = (
    r"(?:there (?:is|are)|this is|it is|it's|i (?:can|am|see|cannot|can't)|i'm|sorry|the (?:image|picture|photo) "
    r"|es gibt|das ist|dies ist|ich |das (?:bild|foto) ).*"
    r"|.*\b(?:is|are|was|were) (?:a|an|the|in|on|visible|shown)\b.*"
)
_FILE: Final = (
    r".*\.(?:jpe?g|png|webp|gif|heic|avif|tiff?|bmp|mp4|mov|pdf|txt|html?)"
    r"|(?:img|dsc[nf]?|pxl|mvi|dji|gopro|screenshot|scan) ?\d{3,}.*"
    r"|(?:lora|lyco|hypernet|embedding) ?:.*|.*:\d.*"
)
_JUNK: Final = re.compile(f"{_GENERIC}|{_QUALITY}|{_NOT_THERE}|{_SENTENCE}|{_FILE}", re.DOTALL)
_MARKUP: Final = re.compile(r"[<>{}\[\]\\|=@;,…\n]|\.\.|: ")
_RUN: Final = re.compile(r"([^\W\d_])\1{5}")
_NUMBERED: Final = re.compile(r"(?=.*\d{4,})[\w -]*\d[\da-f]{5,}[\w -]*")


def is_junk(name: str) -> bool:
    """Whether the name says nothing, is no name, speaks to a model, or is about a prompt instead of the picture."""
    key = fold_name(name)
    if not any(map(str.isalpha, key)) or (len(key) == 1 and unicodedata.category(key) != "Lo"):
        return True
    if len(key) > MOST_CHARACTERS or len(key.split()) > MOST_WORDS:
        return True
    if _JUNK.fullmatch(key) or _MARKUP.search(key) or _RUN.search(key) or _NUMBERED.fullmatch(key):
        return True
    return strip_links(key) != key or gives_orders(key)


def is_echo(name: str, instructions: AbstractSet[str]) -> bool:
    """Whether all its words are words of what the model was told."""
    words = fold_name(name).split()
    return bool(words) and instructions >= set(words)
