"""Sentences about a look, in English and German."""

import re
from dataclasses import dataclass
from typing import Literal

from bildwerk.sandbox.simulated_ollama.looks import Look

Language = Literal["en", "de"]
_FINE = 22  # detail from which a picture counts as finely structured
_TITLE_WORDS = 8
_NAMED = re.compile(r"\b(?:in|auf)\s+(german|deutsch|english|englisch)\b", re.IGNORECASE)
_GERMAN = re.compile(r"\b(?:german|deutsch\w*)\b", re.IGNORECASE)


def language_of(text: str) -> Language:
    """The language a prompt asks for: the last one named with "in"; else German where German is mentioned."""
    named = _NAMED.findall(text)
    if named:
        return "de" if named[-1].lower() in {"german", "deutsch"} else "en"
    return "de" if _GERMAN.search(text) else "en"


@dataclass(frozen=True, slots=True)
class _Words:
    picture: str
    shapes: dict[str, str]
    colours: dict[str, str]
    lights: dict[str, str]
    title_lights: dict[str, str]
    joint: str
    grain: tuple[str, str]


_EN = _Words(
    picture="A {shape} picture in {tone}{colours}",
    shapes={name: name for name in ("narrow", "tall", "square", "wide", "panoramic")},
    colours={},
    lights={
        "upper": "bright in the upper half", "lower": "bright in the lower half",
        "left": "bright on the left", "right": "bright on the right",
        "middle": "bright in the middle", "even": "evenly lit",
        "dark": "dark throughout", "bright": "bright throughout",
    },
    title_lights={
        "upper": "bright above", "lower": "bright below", "left": "bright left",
        "right": "bright right", "middle": "bright centre", "even": "evenly lit",
        "dark": "dark throughout", "bright": "bright throughout",
    },
    joint=" and ",
    grain=("calm areas", "fine detail"),
)  # fmt: skip
_DE = _Words(
    picture="Ein {shape} Bild in {tone}{colours}",
    shapes={
        "narrow": "schmales", "tall": "hohes", "square": "quadratisches", "wide": "breites",
        "panoramic": "sehr breites",
    },
    colours={
        "black": "Schwarz", "white": "Weiß", "grey": "Grau", "light grey": "Hellgrau",
        "dark grey": "Dunkelgrau", "red": "Rot", "dark red": "Dunkelrot", "pink": "Rosa",
        "orange": "Orange", "brown": "Braun", "beige": "Beige", "yellow": "Gelb", "olive": "Oliv",
        "green": "Grün", "dark green": "Dunkelgrün", "turquoise": "Türkis", "blue": "Blau",
        "light blue": "Hellblau", "navy": "Dunkelblau", "violet": "Violett", "magenta": "Magenta",
    },
    lights={
        "upper": "oben am hellsten", "lower": "unten am hellsten", "left": "links am hellsten",
        "right": "rechts am hellsten", "middle": "in der Mitte am hellsten",
        "even": "gleichmäßig hell",
        "dark": "durchweg dunkel", "bright": "durchweg hell",
    },
    title_lights={
        "upper": "oben hell", "lower": "unten hell", "left": "links hell", "right": "rechts hell",
        "middle": "helle Mitte", "even": "gleichmäßig hell", "dark": "durchweg dunkel", "bright": "durchweg hell",
    },
    joint=" und ",
    grain=("ruhige Flächen", "feine Strukturen"),
)  # fmt: skip
_WORDS = {"en": _EN, "de": _DE}
_REFUSALS = {
    "en": "I'm sorry, but I can't help with that.",
    "de": "Es tut mir leid, aber dabei kann ich nicht helfen.",
}


def caption(look: Look | None, language: Language, room: int = 500) -> str:
    """One sentence of at most `room` characters, whole clauses as far as they fit."""
    if look is None:
        return _fit([_blind(language)], room)
    return _fit([_base(look, language), *_clauses(look, language)], room)


def description(look: Look | None, language: Language, room: int = 1000) -> str:
    """The caption and a sentence on how much of which colour there is."""
    first = caption(look, language, room)
    if look is None:
        return first
    names = _WORDS[language].colours
    shares = [f"{names.get(name, name)} {share} %" for name, share in look.colours[:3]]
    lead = "Shares of its area: " if language == "en" else "Anteile der Fläche: "
    whole = f"{first} {lead}{', '.join(shares)}."
    return whole if len(whole) <= room else first


def title(look: Look | None, language: Language, room: int = 80) -> str:
    """At most eight words, no full stop."""
    if look is None:
        return _fit([_blind(language)], room).rstrip(".")
    words = _WORDS[language]
    colours = [words.colours.get(name, name) for name in _main(look)]
    lead = words.joint.join(colours)
    if language == "en":
        lead = f"{_tone(look, 'en')}{lead}"
    clauses = [lead[0].upper() + lead[1:], words.title_lights[look.lightest], words.grain[look.detail > _FINE]]
    if len(" ".join(clauses).split()) > _TITLE_WORDS:
        clauses.pop()
    return _fit(clauses, room).rstrip(".")


def keywords(look: Look | None, language: Language) -> list[str]:
    """Distinct single words or colour names, most telling first."""
    if look is None:
        return ["text"]
    names = _WORDS[language].colours
    words = [names.get(name, name).lower() for name, _ in look.colours]
    return list(dict.fromkeys([*words, _WORDS[language].shapes[look.shape], f"{look.width}x{look.height}"]))


def colour_names(look: Look, language: Language) -> list[str]:
    """The one or two colours that make up most of it."""
    return [_WORDS[language].colours.get(name, name) for name in _main(look)]


def light(look: Look, language: Language) -> str:
    """Where it is lightest, in two or three words."""
    return _WORDS[language].title_lights[look.lightest]


def shape(look: Look, language: Language) -> str:
    """The form of its frame: an adjective, in German in the neuter."""
    return _WORDS[language].shapes[look.shape]


def refusal(language: Language) -> str:
    """What a model says that does not want to."""
    return _REFUSALS[language]


def _blind(language: Language) -> str:
    return "An answer without a picture." if language == "en" else "Eine Antwort ohne Bild."


def _main(look: Look) -> list[str]:
    return [name for name, share in look.colours[:2] if share >= 8] or [look.colours[0][0]]


def _tone(look: Look, language: Language) -> str:
    if look.saturation < 8:
        return ""
    if look.saturation < 40:
        return "muted " if language == "en" else "gedämpften "
    if abs(look.warmth) < 12:
        return ""
    if language == "en":
        return "warm " if look.warmth > 0 else "cool "
    return "warmen " if look.warmth > 0 else "kühlen "


def _base(look: Look, language: Language) -> str:
    words, colours = _WORDS[language], _main(look)
    names = [words.colours.get(name, name) for name in colours]
    joined = f"{' and '.join(names)} tones" if language == "en" else f"{'- und '.join(names)}tönen"
    return words.picture.format(shape=words.shapes[look.shape], tone=_tone(look, language), colours=joined)


def _clauses(look: Look, language: Language) -> list[str]:
    size = f"{look.width} by {look.height}" if language == "en" else f"{look.width} mal {look.height}"
    grain = _WORDS[language].grain[look.detail > _FINE]
    if language == "en":
        clauses = [f"averaging {look.average} over {size} pixels", f"with {grain}"]
    else:
        clauses = [f"im Mittel {look.average} bei {size} Bildpunkten", f"mit {grain.replace('e ', 'en ', 1)}"]
    if look.text:
        marked = "marked" if language == "en" else "beschriftet mit"
        clauses.insert(0, f'{marked} "{look.text}"')
    return [_WORDS[language].lights[look.lightest], *clauses]


def _fit(clauses: list[str], room: int) -> str:
    """The first clause and as many others as fit into `room` characters, most important first."""
    text = clauses[0]
    for clause in clauses[1:]:
        if len(text) + len(clause) + 3 <= room:
            text = f"{text}, {clause}"
    if len(text) < room and not text.endswith("."):
        text += "."
    return text if len(text) <= room else text[:room].rsplit(" ", 1)[0].rstrip(" ,-")
