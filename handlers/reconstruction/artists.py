"""Names of artists, taken out of what a model says: it guesses them, and they are people.

Known names go wherever they stand; names that are other words too, studios and unknown people where the wording says
that somebody made the picture or is imitated ("art by", "in the style of", "Klee-inspired", "im Stil von"). Styles,
techniques and places stay, and so do people whom the platform's own texts name.
"""

import re
import unicodedata
from typing import Final

from handlers.reconstruction.attribution import (
    FORM,
    LIKENESS,
    SEGMENT,
    compile_anywhere,
    compile_imitation,
    compile_known,
    compile_lone,
    compile_studio,
    compile_work_of,
)
from handlers.reconstruction.handles import AT_HANDLE, HANDLE, SITES
from handlers.reconstruction.introduced import Introduced, find_introduced
from handlers.reconstruction.namesakes import NO_ITEMS
from handlers.reconstruction.persons import find_stranger, is_likeness, is_person
from handlers.reconstruction.remnants import GONE, tidy
from handlers.reconstruction.style_words import PLACES, is_free_of_names

DEPICTING: Final = ("subject", "action")
"""Parts in which somebody may be named because he is in the picture."""
SETTING: Final = "setting"
"""The part in which names are places."""


def drop_artists(slot: str, text: str, known_people: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of a part without artists' names, and those that were taken out; empty when nothing is left.

    `known_people` are the platform's own texts: whom they name may be in the picture. What is left holds no name, so
    that cleaning it again changes nothing.
    """
    sweep = _Sweep(slot, _fold(known_people))
    cleaned = text
    while (shorter := sweep.clean(cleaned)) != cleaned:
        cleaned = shorter
    return cleaned, tuple(dict.fromkeys(sweep.dropped))


class _Sweep:
    """What is taken out of one text; methods that take a match give what stays of it."""

    def __init__(self, slot: str, people: str) -> None:
        self.slot, self.people, self.dropped = slot, people, list[str]()
        self.depicts, self.is_place = slot in DEPICTING, slot == SETTING

    def clean(self, text: str) -> str:
        """The text after one round; the same text if there was nothing to take out."""
        before = len(self.dropped)
        cleaned = SITES.sub(self.take, text.replace(GONE, " "))
        cleaned = AT_HANDLE.sub(self.take_handle, cleaned)
        cleaned = self._take_introduced(cleaned)
        cleaned = compile_anywhere().sub(self.take_known, cleaned)
        cleaned = compile_imitation().sub(self.take_known, cleaned)
        cleaned = self._take_strangers(cleaned)
        cleaned = LIKENESS.sub(self.take_likeness, cleaned)
        if not (self.depicts or self.is_place):
            cleaned = compile_studio().sub(self.take_known, compile_work_of().sub(self.take_known, cleaned))
            cleaned = compile_lone().sub(self.take_item, cleaned)
            cleaned = SEGMENT.sub(self.take_person, cleaned)
            cleaned = HANDLE.sub(self.take_handle, cleaned)
        elif self.depicts:
            cleaned = compile_work_of().sub(self.take_work, cleaned)
        return tidy(cleaned) if len(self.dropped) > before else text

    def take(self, match: re.Match[str]) -> str:
        return self._drop(match[0])

    def take_handle(self, match: re.Match[str]) -> str:
        words = re.findall(r"[A-Z][a-z]+", match[0])
        return match[0] if words and is_free_of_names(words) else self._drop(match[0])

    def take_known(self, match: re.Match[str]) -> str:
        stays = self._is_depicted(match["names"]) or (self.is_place and is_in_place_name(match))
        return match[0] if stays else self._drop(match["names"])

    def take_work(self, match: re.Match[str]) -> str:
        return self.take_known(match) if match["names"][0].isupper() else match[0]

    def take_item(self, match: re.Match[str]) -> str:
        is_name = match["names"][0].isupper() and match["names"].casefold() not in NO_ITEMS
        return match["before"] + self._drop(match["names"]) if is_name else match[0]

    def take_person(self, match: re.Match[str]) -> str:
        return self.take_known(match) if is_person(match["names"].split()) else match[0]

    def take_likeness(self, match: re.Match[str]) -> str:
        return self.take_known(match) if is_likeness(match[0], match["names"]) else match[0]

    def _take_introduced(self, text: str) -> str:
        kept, at = list[str](), 0
        for found in find_introduced(text, depicts=self.depicts, is_place=self.is_place):
            if self._stays(found):
                continue
            kept += text[at : found.start], self._drop(found.names)
            at = found.end
        return "".join((*kept, text[at:]))

    def _take_strangers(self, text: str) -> str:
        kept, at = list[str](), 0
        for form in FORM.finditer(text):
            start = find_stranger(text, at, form.start())
            if start == form.start() or self._is_depicted(text[start : form.start()]):
                continue
            kept += text[at:start], self._drop(text[start : form.start()])
            at = form.end()
        return "".join((*kept, text[at:]))

    def _stays(self, found: Introduced) -> bool:
        return self._is_depicted(found.names) and (
            found.kind != "signed" or compile_known().search(found.names) is None
        )

    def _is_depicted(self, names: str) -> bool:
        return self.depicts and f" {_fold(names)} " in f" {self.people} "

    def _drop(self, names: str) -> str:
        self.dropped.append(names.strip(" ,.'’"))
        return GONE


def is_in_place_name(match: re.Match[str]) -> bool:
    """Whether a street or the like is called after somebody: Rue Monet, Turner-Platz."""
    before = re.findall(r"(\w+)[\s-]+$", match.string[: match.start("names")])
    after = re.findall(r"^[\s-]+(\w+)", match.string[match.end("names") :])
    return any(word.casefold() in PLACES for word in (*before, *after))


def _fold(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare))
