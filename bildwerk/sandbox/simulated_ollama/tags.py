"""Tags for a look: what it is about, what else is there, what may be; half the time as untidy as a model's.

Colours, light and grain are seen. What the colours might be (green: a meadow) is guessed, and said to be unsure.
"""

from collections.abc import Mapping
from typing import Any, Final

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.looks import Look

LEVELS: Final = ("main", "other", "unsure")
_FINE, _FLAT, _STRONG, _GREY, _TINTED = 22, 12, 60, 8, 12

_GUESSES: Final[Mapping[words.Language, Mapping[str, str]]] = {
    "en": {
        "black": "night", "white": "snow", "grey": "stone", "light grey": "fog", "dark grey": "street", "red": "flower",
        "dark red": "brick", "pink": "blossom", "orange": "sunset", "brown": "wood", "beige": "sand", "yellow": "field",
        "olive": "grass", "green": "meadow", "dark green": "forest", "turquoise": "water", "blue": "sea",
        "light blue": "sky", "navy": "evening", "violet": "lavender", "magenta": "neon",
    },
    "de": {
        "black": "Nacht", "white": "Schnee", "grey": "Stein", "light grey": "Nebel", "dark grey": "Straße",
        "red": "Blume", "dark red": "Ziegel", "pink": "Blüte", "orange": "Sonnenuntergang", "brown": "Holz",
        "beige": "Sand", "yellow": "Feld", "olive": "Gras", "green": "Wiese", "dark green": "Wald",
        "turquoise": "Wasser", "blue": "Meer", "light blue": "Himmel", "navy": "Abend", "violet": "Lavendel",
        "magenta": "Neon",
    },
}  # fmt: skip
_SEEN: Final[Mapping[words.Language, Mapping[str, str]]] = {
    "en": {
        "fine": "texture", "calm": "surface", "flat": "haze", "strong": "contrast", "grey": "monochrome",
        "warm": "warm light", "cool": "cool light", "dark": "darkness", "bright": "brightness", "generic": "picture",
    },
    "de": {
        "fine": "Struktur", "calm": "Fläche", "flat": "Dunst", "strong": "Kontrast", "grey": "Schwarzweiß",
        "warm": "warmes Licht", "cool": "kühles Licht", "dark": "Dunkelheit", "bright": "Helligkeit", "generic": "Bild",
    },
}  # fmt: skip
_MANY: Final = {"texture": "textures", "surface": "surfaces", "Struktur": "Strukturen", "Fläche": "Flächen"}


def name_tags(look: Look | None, language: words.Language) -> dict[str, list[str]]:
    """Names by level. The same for the same picture and language."""
    if look is None:
        return {"main": [], "other": [], "unsure": []}
    colours = [colour.lower() if language == "en" else colour for colour in words.colour_names(look, language)]
    guesses = list(dict.fromkeys(_GUESSES[language][name] for name, _ in look.colours[:3]))
    seen = list(_see(look, language))
    return _mess_up({"main": [*colours, seen[0]], "other": seen[1:], "unsure": guesses[:2]}, look, language)


def guess_place(look: Look, language: words.Language) -> str:
    """What most of its area might be."""
    return _GUESSES[language][look.colours[0][0]]


def fit(names: list[str], schema: Mapping[str, Any]) -> list[str]:
    """As many as the schema of a list of texts has room for."""
    least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 100))
    longest = int(schema.get("items", {}).get("maxLength", 100))
    filled = names or ["?"] * least
    return [name[:longest] for name in filled][:most]


def _see(look: Look, language: words.Language) -> list[str]:
    """Other things than colours, the most telling first; at least one."""
    there = {
        "fine": look.detail > _FINE,
        "calm": look.detail <= _FINE,
        "strong": look.contrast > _STRONG,
        "flat": look.contrast < _FLAT,
        "grey": look.saturation < _GREY,
        "warm": look.saturation >= _GREY and look.warmth > _TINTED,
        "cool": look.saturation >= _GREY and look.warmth < -_TINTED,
        "dark": look.lightest == "dark",
        "bright": look.lightest == "bright",
    }
    return [_SEEN[language][name] for name, is_there in there.items() if is_there]


def _mess_up(tags: dict[str, list[str]], look: Look, language: words.Language) -> dict[str, list[str]]:
    """What models do to lists: shout, repeat in other spellings, count in plurals, state the obvious."""
    main, other = tags["main"], tags["other"]
    match int(look.digest[:8], 16) % 10:
        case 0:
            main[0] = main[0].upper()
        case 1:
            other.append(f"#{main[0].replace(' ', '_').title()}")
        case 2:
            other.insert(0, _MANY[main[-1]])
        case 3:
            other.insert(0, _SEEN[language]["generic"])
        case 4:
            tags["unsure"].append(f" {main[0]}. ")
    return tags
