"""J1: a caption and a description of what can be seen."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.effects import Effects, PutMeta
from contracts.facts import MediaFacts
from handlers.answer_language import require_language
from handlers.answer_text import clean_text, end_whole, require_substance, strip_opener
from handlers.field_standing import list_free, weigh_fields
from handlers.languages import language_code
from handlers.own_words import require_own_words
from handlers.prompt_data import ask_language, data_block, file_line, plain_text
from handlers.stage import Condition, Impossible, Prompt

CAPTION_LIMIT = 300
DESCRIPTION_LIMIT = 500
_FIELDS = {"ollama.caption": "caption", "ollama.description": "description"}
_TASK = """\
Describe this picture in two texts.
caption: one sentence of at most 20 words that says who or what is there, doing what, and where.
description: two or three sentences with the subject, the surroundings, light and colours. If there is readable \
text in the picture, quote it as it is written.
State what is clearly visible. Begin with the subject itself, never with words such as "The image shows", "This \
picture" or "A photo of". Invent no names, ages, places, dates or brands."""


class CaptionAnswer(BaseModel):
    """What the model is to answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caption: Annotated[str, Field(min_length=1, max_length=CAPTION_LIMIT)]
    description: Annotated[str, Field(min_length=1, max_length=DESCRIPTION_LIMIT)]


class CaptionStage:
    """Writes `ollama.caption` and `ollama.description`, each only where nobody else's stands."""

    job_type = "ollama_caption"
    after: tuple[str, ...] = ()
    reads = ("caption", "description", "prompt", "title")
    writes = tuple(_FIELDS)
    needs_picture = True
    Answer = CaptionAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due when a caption or a description is missing."""
        if facts.unreadable is not None:
            return Impossible("unreadable_picture")
        return weigh_fields(facts, _FIELDS)

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:  # noqa: ARG002
        """Nothing but the picture: titles and prompts are context."""
        return {}

    def decide(self, facts: MediaFacts) -> Effects | None:  # noqa: ARG002
        """Never: only a model sees what is in a picture."""
        return None

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The task after what is known about the picture."""
        known = {f"media {key}": plain_text(facts.meta.get(key)) for key in self.reads}
        return Prompt(
            data_block({"media file": file_line(facts), **known}) + _TASK + ask_language(facts.language),
            num_predict=384,
        )

    def check(self, facts: MediaFacts, answer: CaptionAnswer) -> CaptionAnswer:
        """Both texts cleaned; the caption is one line without an opener phrase."""
        return CaptionAnswer(
            caption=_checked(facts, answer.caption, CAPTION_LIMIT),
            description=_checked(facts, answer.description, DESCRIPTION_LIMIT),
        )

    def effects(self, facts: MediaFacts, answer: CaptionAnswer) -> Effects:
        """The texts that the platform does not have under its own names."""
        texts = {"ollama.caption": answer.caption, "ollama.description": answer.description}
        return tuple(PutMeta(key, texts[key]) for key in list_free(facts, _FIELDS))


def _checked(facts: MediaFacts, text: str, limit: int) -> str:
    cleaned = strip_opener(clean_text(text), language_code(facts.language))
    require_substance(cleaned, _TASK)
    require_own_words(cleaned, facts)
    if len(text) >= limit:
        cleaned = end_whole(cleaned)
    require_language(cleaned, facts.language)
    return cleaned


STAGE = CaptionStage()
