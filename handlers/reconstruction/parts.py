"""The parts of a prompt as a model tells them: cleaned one by one."""

from contracts.facts import MediaFacts
from handlers.answer_text import check_phrase
from handlers.own_words import is_bare, require_own_words
from handlers.prompt_data import plain_text
from handlers.reconstruction.artists import drop_artists
from handlers.reconstruction.slots import Slot, Slots
from handlers.reconstruction.style_words import STYLES

_MARKUP = str.maketrans("<>{}|…", "      ")
"""What programs that read prompts take for more than words; and the ellipsis of a text that was cut off."""
_EDGES = " .,;:-–—"


def clean_part(text: str, facts: MediaFacts, instructions: str, limit: int) -> str:
    """The words of one part, empty when it says nothing.

    One word alone, or all in capitals, is only kept when it names a style, or when other texts of ours hold words that
    begin like it: a model that was told what to say answers so. Raises BadAnswer for what no prompt holds: refusals,
    loops, echoes of `instructions`, leftovers of templates, words that a field wants said.
    """
    if (word := text.strip(_EDGES)).casefold() in STYLES:
        return word
    phrase = check_phrase(text, instructions, limit)
    phrase = check_phrase(" ".join(phrase.translate(_MARKUP).split()).strip(_EDGES), instructions, limit)
    if is_bare(phrase, facts):
        return ""
    require_own_words(phrase, facts)
    return phrase


def name_people(facts: MediaFacts) -> str:
    """The platform's own texts about the picture: whom they name may be in it."""
    texts = (plain_text(facts.meta.get(key)) for key in ("caption", "title", "description"))
    return " / ".join(filter(None, texts))


def take_out_artists(slots: Slots, facts: MediaFacts) -> tuple[Slots, tuple[str, ...]]:
    """The parts without artists' names, and those names in the order of the parts."""
    people, kept, dropped = name_people(facts), dict[str, Slot](), list[str]()
    for name, slot in slots.items():
        text, names = drop_artists(name, slot.text, people)
        dropped.extend(names)
        if text:
            kept[name] = Slot(text, slot.certainty)
    return kept, tuple(dict.fromkeys(dropped))
