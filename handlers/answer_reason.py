"""A model's reason for what it said, fit to be kept."""

from contracts.facts import MediaFacts
from handlers.answer_language import require_language
from handlers.answer_text import check_phrase
from handlers.failures import BadAnswer
from handlers.own_words import require_own_words


def check_reason(facts: MediaFacts, reason: str, instructions: str, limit: int) -> str:
    """The reason cleaned, at most `limit` characters; `instructions` are those that it must not repeat.

    Raises BadAnswer when it says nothing, in words that are not the model's own, or in another language.
    """
    text = check_phrase(reason, instructions, limit)
    if not text.strip("… "):
        raise BadAnswer("empty_talk", reason)
    require_own_words(text, facts)
    require_language(text, facts.language)
    return text
