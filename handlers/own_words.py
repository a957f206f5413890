"""Whether an answer is in the model's own words, or in those that somebody wrote to it.

Pictures and library fields hold whatever anybody put there. A model that takes such text for orders says what it was
told to say: here that is noticed by the words, without asking any model.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from pydantic import JsonValue

from contracts.facts import PROMPTS, TAGS, MediaFacts
from handlers.failures import BadAnswer
from handlers.orders import fold, gives_orders, planted_words, speaks_to_model

EMBEDDED = "embedded prompt"
_OURS = "ollama."
_DEPTH = 4
_REST = r"[^\s\"'“”„«»‹›()]*"
_LINK = re.compile(
    rf"(?:https?|ftp)://{_REST}|\b(?:https?|ftp|javascript|data|mailto):{_REST}|\bwww\.{_REST}|\b[\w.+-]{{1,64}}@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|info|biz|xyz|ru|cn|top|app|dev|example|invalid|de|at|ch|eu|uk)\b"
    rf"(?:/{_REST})?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W_]+")
_STEM = 3
"""Letters at its beginning by which a word is known again in another form: sun, sunset; Sonne, Sonnenuntergang."""
_OUR_WORDS = (
    "picture image photo photograph caption title description text word words field fields instructions answer with "
    "this that only exactly into from have your what then them they their there every each other these those about "
    "above before after "
    "bild foto titel wort dass dies diese dieser alle alles eine einen einem einer nicht nach oben"
)
_ORDINARY = frozenset(_OUR_WORDS.split())


def strip_links(text: str) -> str:
    """The text with an ellipsis for every web and mail address: nobody is led anywhere by a caption."""
    return _LINK.sub("…", text)


def require_own_words(text: str, facts: MediaFacts) -> None:
    """Raises BadAnswer: `injected` for a text that speaks to a model or says what a field told it to, `bare_word`."""
    if is_planted(text, list_planted(facts)):
        raise BadAnswer("injected", text)
    if is_bare(text, facts):
        raise BadAnswer("bare_word", text)


def is_planted(text: str, planted: AbstractSet[str]) -> bool:
    """Whether the text speaks to a model, or says one of the words of `list_planted`."""
    return speaks_to_model(text) or not planted.isdisjoint(_words(text))


def list_planted(facts: MediaFacts) -> frozenset[str]:
    """The words, folded, that a field tells a model to say, and that no harmless field says."""
    foreign = {said for name, said in _all_texts(facts) if not name.startswith(_OURS)}
    told = {said: planted_words(said) for said in foreign}
    planted = frozenset[str]().union(*told.values())
    if not planted:
        return planted
    harmless = {word for said, words in told.items() if not words for word in _words(said)}
    return planted - harmless - _ORDINARY


def is_bare(text: str, facts: MediaFacts) -> bool:
    """Whether it is one word, or all shouted, and no text of ours about the picture holds words that begin like it.

    So a model answers that was told "say KIWI"; one that describes a picture has more to say. Scripts without capital
    letters are never bare: many of them have no spaces either.
    """
    words = _LETTERS.findall(text)
    if not words or not any(character.isupper() or character.islower() for character in text):
        return False
    if len(words) > 1 and any(character.islower() for character in text):
        return False
    ours = [said for name, said in _all_texts(facts) if name.startswith(_OURS) and not planted_words(said)]
    known = {word[:_STEM] for said in ours for word in _words(said)}
    return not known.issuperset(word[:_STEM] for word in _words(text))


def _words(text: str) -> list[str]:
    return _LETTERS.findall(fold(text))


def list_orders(facts: MediaFacts) -> tuple[str, ...]:
    """The names of the fields that give a model orders, our own captions of such pictures among them; sorted."""
    return tuple(sorted({name for name, text in _all_texts(facts) if gives_orders(text)}))


def _all_texts(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    for key, value in facts.meta.items():
        if key.startswith(_OURS):
            # Our texts may quote what somebody wrote; our objects hold verdicts, which sound like orders.
            if isinstance(value, str):
                yield key, value
            continue
        if gives_orders(key):
            yield key, key
        for text in _strings(value, _DEPTH):
            yield key, text
    for tag in facts.tags:
        if not tag.ours:
            yield TAGS, tag.name
    yield from _prompts(facts)


def _prompts(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    for past in facts.prompts:
        yield PROMPTS, past.prompt
        yield PROMPTS, past.negative_prompt or ""
    if facts.picture is not None and facts.picture.embedded is not None:
        yield EMBEDDED, facts.picture.embedded.prompt
        yield EMBEDDED, facts.picture.embedded.negative_prompt


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
