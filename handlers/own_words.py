"""Whether an answer is in the model's own words, or in those that somebody wrote to it.

Pictures and library fields hold whatever anybody put there. A model that takes such text for orders says what it was
told to say: here that is noticed by the words, without asking any model.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from contracts.facts import TAGS, MediaFacts
from handlers.failures import BadAnswer
from handlers.orders import fold, gives_orders, planted_words, speaks_to_model

_OURS = "ollama."
_DEPTH = 4
_REST = r"[^\s\"'“”„«»‹›()]*"
_LINK = re.compile(
    rf"\b(?:https?|ftp|javascript|data|mailto):{_REST}|\bwww\.{_REST}|\b[\w.+-]{{1,64}}@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|info|biz|xyz|ru|cn|top|app|dev|example|invalid|de|at|ch|eu|uk)\b"
    rf"(?:/{_REST})?",
    re.IGNORECASE,
)
_SAID = re.compile(r"[^\W_]{4,}")
_OUR_WORDS = (
    "picture image photo photograph caption title description text word words field fields answer with this that only "
    "exactly into from have your what then them they their there every each other these those about above before after "
    "bild foto titel wort dass dies diese dieser alle alles eine einen einem einer nicht nach oben"
)
_ORDINARY = frozenset(_OUR_WORDS.split())


def strip_links(text: str) -> str:
    """The text with an ellipsis for every web and mail address: nobody is led anywhere by a caption."""
    return _LINK.sub("…", text)


def require_own_words(text: str, facts: MediaFacts) -> None:
    """Raises BadAnswer("injected") for a text that speaks to a model, or says what a library field told it to say."""
    if speaks_to_model(text):
        raise BadAnswer("injected", text)
    foreign = dict(_foreign_texts(facts))
    harmless = {word for value in foreign.values() if not planted_words(value) for word in _SAID.findall(fold(value))}
    planted = {word for value in foreign.values() for word in planted_words(value)}
    if (planted - harmless - _ORDINARY) & set(_SAID.findall(fold(text))):
        raise BadAnswer("injected", text)


def list_orders(facts: MediaFacts) -> tuple[str, ...]:
    """The names of the fields that give a model orders, our own captions of such pictures among them; sorted."""
    return tuple(sorted({name for name, text in _all_texts(facts) if gives_orders(text)}))


def _foreign_texts(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    # Numbered: one field may hold many texts.
    texts = ((name, text) for name, text in _all_texts(facts) if not name.startswith(_OURS))
    for number, (name, text) in enumerate(texts):
        yield f"{name}#{number}", text


def _all_texts(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    for key, value in facts.meta.items():
        if key.startswith(_OURS):
            # Our texts may quote what somebody wrote; our objects hold verdicts, which sound like orders.
            if isinstance(value, str):
                yield key, value
            continue
        yield key, key
        for text in _strings(value, _DEPTH):
            yield key, text
    for tag in facts.tags:
        yield TAGS, tag


def _strings(value: JsonValue, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, list):
        for item in value:
            yield from _strings(item, depth - 1)
    elif depth and isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item, depth - 1)
