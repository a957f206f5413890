"""Opinions in fixed words: what the schemas of quality, scores, policy, tags and prompts ask for, made from a look.

A property is known by its name: `CODE_severity` with `CODE_place` and `CODE_evidence`, `AXIS_level` with `AXIS_basis`,
`objection` with `basis`, `SLOT_certainty` with `SLOT`, the lists `main`, `other` and `unsure`, and `others`, a list of
what further pictures have to do with the first. Most defects are not there, as in life.
"""

import re
from collections.abc import Mapping
from typing import Any

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.comparisons import tell_apart
from bildwerk.sandbox.simulated_ollama.looks import Look
from bildwerk.sandbox.simulated_ollama.reconstructions import reconstruct
from bildwerk.sandbox.simulated_ollama.tags import LEVELS, fit, name_tags

_DARK, _LIGHT = 20, 238  # brightness beyond which little can be told
_DENSE = 75  # detail from which a picture looks overworked
_FLAT, _STRONG = 12, 60  # contrast
_PROMPT = re.compile(r'<data origin="[^"]*prompt[^"]*">(.*?)</data>', re.DOTALL)
_DATA = re.compile(r"<data [^>]*>(.*?)</data>", re.DOTALL)
_NAMED = re.compile(r"\bpictures? ([A-Z])\b")
_ALIASES = "ABCDEFGH"
_GRAVE = re.compile(r"\b(?:explicit|gore|weapons?|waffen?)\b", re.IGNORECASE)

_EVIDENCE = {
    "en": {
        "artefacts": "The {colours} areas meet in edges without breaks or doubled lines",
        "cut_off": "All larger {colour} shapes lie within the frame",
        "hands": "Among the {colours} areas there is nothing with fingers",
        "text": "Nothing on the {colour} ground looks like lettering",
        "watermark": "The {colours} areas carry no mark laid over them",
    },
    "de": {
        "artefacts": "Die Flächen in {colours} stoßen ohne Brüche und doppelte Linien aneinander",
        "cut_off": "Alle größeren Formen in {colour} liegen im Bild",
        "hands": "In den Flächen in {colours} ist nichts mit Fingern",
        "text": "Auf dem Grund in {colour} sieht nichts nach Schrift aus",
        "watermark": "Über den Flächen in {colours} liegt kein Zeichen",
    },
}
_FOUND = {
    "en": {
        "none": "", "slight": ", apart from a little unrest at one place", "strong": ", but for a large flaw",
        "unclear": ", as far as the light lets one tell",
    },
    "de": {
        "none": "", "slight": ", bis auf eine kleine Unruhe an einer Stelle", "strong": ", bis auf einen großen Fehler",
        "unclear": ", soweit das Licht es erkennen lässt",
    },
}  # fmt: skip
_BASIS = {
    "en": {
        "aesthetic": "A contrast of {contrast} around {colours}, {light}, is what the eye meets first",
        "completeness": "The {shape} frame holds its {colours} areas with an edge around them",
        "compliance": "Only areas in {colours} are there, {light}",
        "fidelity": "The wish and the {colours} of the areas were held side by side",
        "novelty": "Libraries often hold {shape} pictures in {colours}",
    },
    "de": {
        "aesthetic": "Ein Kontrast von {contrast} um {colours}, {light}, ist das erste, was auffällt",
        "completeness": "Das Format fasst die Flächen in {colours} mit einem Rand",
        "compliance": "Da sind nur Flächen in {colours}, {light}",
        "fidelity": "Der Wunsch und die Flächen in {colours} wurden nebeneinander gehalten",
        "novelty": "In Sammlungen sind Bilder in {colours} nicht selten",
    },
}
_VERDICT = {
    "en": {
        "none": "An ordinary picture by all that is known of it; somebody may well see it",
        "review": "One of the known values names a thing that a person had better see first",
    },
    "de": {
        "none": "Ein gewöhnliches Bild nach allem, was bekannt ist; das darf man zeigen",
        "review": "Einer der bekannten Werte nennt etwas, das zuerst ein Mensch ansehen sollte",
    },
}


def opine(schema: Mapping[str, Any], looks: tuple[Look, ...], language: words.Language, prompt: str) -> dict[str, Any]:
    """Values for the properties of `schema` that ask for an opinion; `prompt` is all the text of the request."""
    look = looks[0] if looks else None
    properties = schema.get("properties", {})
    said: dict[str, Any] = {}
    for name in properties:
        code, _, part = str(name).rpartition("_")
        if part == "severity":
            said |= _defect(code, look, language)
        elif part == "level":
            said |= _score(code, look, language, prompt)
        elif part == "certainty":
            text, said[name] = reconstruct(code, look, language)
            said[code] = text[: int(properties.get(code, {}).get("maxLength", 500))]
        elif name == "objection":
            data = " ".join(_DATA.findall(prompt))
            objection = "review" if _GRAVE.search(data) else "none"
            said |= {"objection": objection, "basis": _VERDICT[language][objection] + "."}
        elif name == "others":
            said[name] = _relate(looks, language, prompt)
    if properties.keys() >= set(LEVELS):
        said |= {level: fit(names, properties[level]) for level, names in name_tags(look, language).items()}
    return {name: value for name, value in said.items() if name in properties}


def _relate(looks: tuple[Look, ...], language: words.Language, prompt: str) -> list[dict[str, str]]:
    """An entry for every further picture under the name it has in the text; pictures that are only named, last."""
    named = list(dict.fromkeys(_NAMED.findall(_DATA.sub(" ", prompt))))
    shown = len(looks[1:])
    aliases = [*named, *(alias for alias in _ALIASES if alias not in named)][: shown or len(named)]
    told = tell_apart(looks[0] if looks else None, looks[1:], len(aliases), language)
    return [{"alias": alias, **entry} for alias, entry in zip(aliases, told, strict=True)]


def _defect(code: str, look: Look | None, language: words.Language) -> dict[str, str]:
    severity, place = _severity(code, look)
    pattern = _EVIDENCE[language].get(code, _EVIDENCE[language]["artefacts"])
    evidence = pattern.format(**_traits(look, language)) + _FOUND[language][severity] + "."
    return {f"{code}_severity": severity, f"{code}_place": place, f"{code}_evidence": evidence}


def _severity(code: str, look: Look | None) -> tuple[str, str]:
    if look is None or not _DARK <= look.brightness <= _LIGHT:
        return ("unclear", "whole") if code == "artefacts" else ("none", "none")
    if code == "artefacts" and look.detail > _DENSE:
        return "slight", "whole"
    if code == "cut_off" and look.shape in {"narrow", "panoramic"} and look.lightest in {"left", "right"}:
        return "slight", look.lightest
    return "none", "none"


def _score(axis: str, look: Look | None, language: words.Language, prompt: str) -> dict[str, str]:
    pattern = _BASIS[language].get(axis, _BASIS[language]["aesthetic"])
    basis = pattern.format(**_traits(look, language)) + "."
    return {f"{axis}_level": _level(axis, look, prompt), f"{axis}_basis": basis}


def _level(axis: str, look: Look | None, prompt: str) -> str:
    wishes = " ".join(_PROMPT.findall(prompt)).lower()
    if axis == "fidelity" and not wishes:
        return "no_prompt"
    if look is None:
        return "fair"
    if axis == "fidelity":
        return "good" if any(name in wishes for name, _ in look.colours) else "fair"
    if not _DARK <= look.brightness <= _LIGHT:
        return "fair" if axis == "compliance" else "poor"
    if axis == "aesthetic":
        return "fair" if look.contrast < _FLAT else "excellent" if look.contrast > _STRONG else "good"
    if axis == "completeness":
        return "fair" if look.shape in {"narrow", "panoramic"} else "good"
    if axis == "novelty":
        return "good" if len(look.colours) > 3 else "fair"
    return "good"


def _traits(look: Look | None, language: words.Language) -> dict[str, str]:
    if look is None:
        return dict.fromkeys(("colour", "colours", "shape", "light", "contrast"), "?")
    names = words.colour_names(look, language)
    return {
        "colour": names[0],
        "colours": (" and " if language == "en" else " und ").join(names),
        "shape": look.shape,
        "light": words.light(look, language),
        "contrast": f"{look.contrast:.0f}",
    }
