"""Whether what is written about a medium speaks of a tag."""

import re
from collections.abc import Iterable

from contracts.facts import MediaFacts
from contracts.tags import fold_name
from handlers.languages import language_code
from handlers.orders import gives_orders
from handlers.prompt_data import plain_text, read_ours
from handlers.tags.lexicon import ENGLISH, find_lemma, is_supported
from handlers.tags.stems import find_stem

_WORD = re.compile(r"[^\W_]+")
_FIELDS = ("caption", "description", "prompt", "title")
_OURS = ("ollama.caption", "ollama.description")


def list_texts(facts: MediaFacts, tags: Iterable[str]) -> tuple[str, ...]:
    """What others wrote of the medium, its foreign `tags`, and our caption and description; no text that gives orders.

    Our own earlier tags say nothing: they would confirm themselves.
    """
    texts = [plain_text(facts.meta.get(key)) for key in _FIELDS]
    texts += [read_ours(facts, key) for key in _OURS]
    if facts.picture is not None and facts.picture.embedded is not None:
        texts.append(plain_text(facts.picture.embedded.prompt))
    return tuple(text for text in (*texts, *tags) if text and not gives_orders(text))


class Support:
    """The words of some texts, each in every form that makes it known again: folded, singular, dictionary form."""

    def __init__(self, texts: Iterable[str], language: str) -> None:
        self._code = language_code(language)
        self._folded = " ".join(map(fold_name, texts))
        self._words = {form for word in _WORD.findall(self._folded) for form in self._forms(word)}

    def has(self, name: str) -> bool:
        """Whether each word of the tag is in the texts. Where there are no spaces between words: the tag itself."""
        words = _WORD.findall(fold_name(name))
        if not name.isascii() and not any(c.islower() or c.isupper() for c in name):
            return fold_name(name) in self._folded
        return bool(words) and all(not self._words.isdisjoint(self._forms(word)) for word in words)

    def _forms(self, word: str) -> set[str]:
        forms = {word, find_stem(word, self._code)}
        for code in {self._code, ENGLISH}:
            if is_supported(code):
                lemmas = (find_lemma(form, code) for form in (word, word.capitalize()))
                forms |= {fold_name(lemma) for lemma in lemmas if lemma is not None}
        return forms
