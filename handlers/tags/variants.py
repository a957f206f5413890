"""One word in several spellings: British and American, with and without accents, before and after a reform."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from contracts.tags import fold_name
from handlers.tags.lexicon import GERMAN, is_listed, is_word

_AMERICAN: Final = {
    "grey": "gray", "greys": "grays", "greyscale": "grayscale", "colour": "color", "colours": "colors",
    "colourful": "colorful", "coloured": "colored", "colouring": "coloring", "multicoloured": "multicolored",
    "watercolour": "watercolor", "watercolours": "watercolors", "harbour": "harbor", "harbours": "harbors",
    "theatre": "theater", "theatres": "theaters", "centre": "center", "centres": "centers", "fibre": "fiber",
    "fibres": "fibers", "sceptre": "scepter", "spectre": "specter", "sabre": "saber", "calibre": "caliber",
    "jewellery": "jewelry", "aeroplane": "airplane", "aeroplanes": "airplanes", "neighbour": "neighbor",
    "neighbours": "neighbors", "neighbourhood": "neighborhood", "moustache": "mustache", "moustaches": "mustaches",
    "pyjamas": "pajamas", "pyjama": "pajama", "aluminium": "aluminum", "armour": "armor", "armoured": "armored",
    "vapour": "vapor", "parlour": "parlor", "plough": "plow", "ploughs": "plows", "traveller": "traveler",
    "travellers": "travelers", "travelling": "traveling", "doughnut": "donut", "doughnuts": "donuts",
    "yoghurt": "yogurt", "omelette": "omelet", "favourite": "favorite", "mould": "mold", "whiskey": "whisky",
    "barbeque": "barbecue", "honour": "honor", "humour": "humor", "behaviour": "behavior", "labour": "labor",
    "splendour": "splendor", "savoury": "savory", "tyre": "tire", "tyres": "tires", "cosy": "cozy",
    "artefact": "artifact", "artefacts": "artifacts", "mediaeval": "medieval", "archaeology": "archeology",
    "archaeological": "archeological", "manoeuvre": "maneuver", "kerb": "curb", "phantasy": "fantasy",
    "catalogue": "catalog", "defence": "defense", "smoulder": "smolder", "smouldering": "smoldering",
    "woollen": "woolen", "marvellous": "marvelous", "orang-utan": "orangutan",
}  # fmt: skip
_REFORMED: Final = {
    "känguruh": "känguru", "känguruhs": "kängurus", "gemse": "gämse", "gemsen": "gämsen", "stengel": "stängel",
    "tunfisch": "thunfisch", "panter": "panther", "ketschup": "ketchup", "spagetti": "spaghetti",
    "schiffahrt": "schifffahrt", "portrait": "porträt", "portraits": "porträts", "frisör": "friseur",
    "frisöre": "friseure", "jogurt": "joghurt", "majonäse": "mayonnaise", "exposee": "exposé", "greuel": "gräuel",
    "jacht": "yacht", "jachten": "yachten", "krem": "creme", "varietee": "varieté",
}  # fmt: skip
_NOT_WITHOUT = "rosé résumé pâté exposé maté lamé piqué saké passé forté"
_OTHER_WITHOUT_ACCENT: Final = frozenset(_NOT_WITHOUT.split())
"""Where an accent makes another word of it."""
_WRITTEN_OUT: Final = (("ae", "ä"), ("oe", "ö"), ("ue", "ü"))
_UMLAUTS: Final = "äöü"
_LIGATURES: Final = {"œ": "oe", "æ": "ae"}
_GENITIVE: Final = re.compile(r"'(?=s$)|(?<=s)'$")


def respell_name(key: str, language: str) -> str:
    """The folded tag, each of its words in the spelling that stands for all."""
    return " ".join(respell(word, language) for word in key.split(" "))


@lru_cache(1 << 16)
def respell(word: str, language: str) -> str:
    """The folded word in the spelling that stands for all: of the library's language and English."""
    if word == "&":
        return "und" if language == GERMAN else "and"
    word = _drop_accents(_GENITIVE.sub("", word), language)
    if language == GERMAN:
        word = _reform(_restore_umlauts(word))
        if is_listed(word, GERMAN):
            return fold_name(word)
    return _FOLDED_AMERICAN.get(fold_name(word), fold_name(word))


def _drop_accents(word: str, language: str) -> str:
    """Without accents, in English and German only: elsewhere they tell words apart, as umlauts do everywhere."""
    if word.isascii() or language not in ("en", GERMAN) or word in _OTHER_WITHOUT_ACCENT:
        return word
    return "".join(c if c in _UMLAUTS else _LIGATURES.get(c) or _bare(c) for c in unicodedata.normalize("NFC", word))


def _bare(letter: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", letter) if unicodedata.category(c) != "Mn") or letter


def _reform(word: str) -> str:
    if word in _REFORMED:
        return _REFORMED[word]
    return modern if "ph" in word and is_word(modern := word.replace("ph", "f"), GERMAN) else word


def _restore_umlauts(word: str) -> str:
    """With umlauts for ae, oe, ue, where that is a word."""
    every = word
    for written, umlaut in _WRITTEN_OUT:
        every = every.replace(written, umlaut)
    single = (word.replace(written, umlaut) for written, umlaut in _WRITTEN_OUT)
    for form in (every, *single):
        if form != word and (is_word(form, GERMAN) or is_word(form.replace("ss", "ß"), GERMAN)):
            return form
    return word


_FOLDED_AMERICAN: Final = {fold_name(word): fold_name(other) for word, other in _AMERICAN.items()}
