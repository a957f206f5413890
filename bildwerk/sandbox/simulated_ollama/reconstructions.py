"""The prompt that might have made a picture, slot by slot: colours and light are seen, the rest is guessed.

The stronger a picture's contrast, the surer it is; of one that is nearly black, white or flat it says next to nothing.
"""

from collections.abc import Mapping
from typing import Final

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.looks import Look
from bildwerk.sandbox.simulated_ollama.tags import guess_place

_DARK, _LIGHT, _FLAT, _CLEAR, _FINE = 20, 238, 12, 45, 22
_NOTHING: Final = ("", "none")

_TEXTS: Final[Mapping[words.Language, Mapping[str, str]]] = {
    "en": {
        "subject fine": "fine detail in {colours}", "subject calm": "calm areas in {colours}",
        "setting": "{place} in the background", "style": "simple colour study",
        "composition": "{shape} format, one large area", "light": "{light}", "colour": "{colours} tones",
        "quality fine": "finely detailed", "quality calm": "clean surfaces", "negative": "lettering, watermark",
    },
    "de": {
        "subject fine": "feine Strukturen in {colours}", "subject calm": "ruhige Flächen in {colours}",
        "setting": "{place} im Hintergrund", "style": "einfache Farbstudie",
        "composition": "{shape} Format, eine große Fläche", "light": "{light}", "colour": "Töne in {colours}",
        "quality fine": "fein ausgearbeitet", "quality calm": "saubere Flächen", "negative": "Schrift, Wasserzeichen",
    },
}  # fmt: skip


def reconstruct(slot: str, look: Look | None, language: words.Language) -> tuple[str, str]:
    """The text of one slot and how certain it is: sure, likely, guess, or none with an empty text."""
    if look is None:
        return _NOTHING
    certainty = _certainty(slot, look)
    pattern = _TEXTS[language].get(_aspect(slot, look))
    if certainty == "none" or pattern is None:
        return _NOTHING
    return pattern.format(**_traits(look, language)), certainty


def _certainty(slot: str, look: Look) -> str:
    if not _DARK <= look.brightness <= _LIGHT or look.contrast < _FLAT:
        return {"light": "likely", "colour": "likely", "subject": "guess"}.get(slot, "none")
    clear = look.contrast > _CLEAR
    if slot == "negative":
        return "guess" if clear else "none"
    if slot in ("colour", "light"):
        return "sure"
    if slot in ("subject", "composition"):
        return "sure" if clear else "likely"
    return "likely" if clear else "guess"


def _aspect(slot: str, look: Look) -> str:
    if slot not in ("subject", "quality"):
        return slot
    return f"{slot} fine" if look.detail > _FINE else f"{slot} calm"


def _traits(look: Look, language: words.Language) -> dict[str, str]:
    return {
        "colours": (" and " if language == "en" else " und ").join(words.colour_names(look, language)),
        "place": guess_place(look, language),
        "shape": words.shape(look, language),
        "light": words.light(look, language),
    }
