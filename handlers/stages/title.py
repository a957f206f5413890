"""J2: a short title."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.effects import Effects, PutMeta
from contracts.facts import MediaFacts
from handlers.answer_language import require_language
from handlers.answer_text import clean_text, require_substance, strip_opener
from handlers.failures import BadAnswer
from handlers.field_standing import list_free, weigh_fields
from handlers.languages import language_code
from handlers.own_words import require_own_words
from handlers.prompt_data import ask_language, data_block, file_line, plain_text, read_ours
from handlers.stage import Condition, Impossible, Prompt

TITLE_LIMIT = 100
MAX_WORDS = 14
"""The model is asked for eight; a few more are no reason to have no title."""
_FIELDS = {"ollama.title": "title"}
_TASK = """\
Give this picture a title.
title: at most eight words, without a full stop at the end, that name the subject as clearly as a label in an album.
Name only what is clearly visible. No words such as "image", "picture" or "photo". Invent no names, ages, places, \
dates or brands."""


class TitleAnswer(BaseModel):
    """What the model is to answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1, max_length=TITLE_LIMIT)]


class TitleStage:
    """Writes `ollama.title`, with the caption as context."""

    job_type = "ollama_title"
    after = ("ollama_caption",)
    reads = ("caption", "prompt", "title")
    writes = tuple(_FIELDS)
    needs_picture = True
    Answer = TitleAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due when there is no title."""
        if facts.unreadable is not None:
            return Impossible("unreadable_picture")
        return weigh_fields(facts, _FIELDS)

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:  # noqa: ARG002
        """Nothing but the picture: caption and prompt are context."""
        return {}

    def decide(self, facts: MediaFacts) -> Effects | None:  # noqa: ARG002
        """Never: only a model sees what is in a picture."""
        return None

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The task after what is known about the picture; of captions the platform's goes before ours."""
        caption = plain_text(facts.meta.get("caption"))
        known = {
            "media file": file_line(facts),
            "media caption": caption,
            "model caption": None if caption else read_ours(facts, "ollama.caption"),
            "media prompt": plain_text(facts.meta.get("prompt")),
        }
        return Prompt(data_block(known) + _TASK + ask_language(facts.language), num_predict=96)

    def check(self, facts: MediaFacts, answer: TitleAnswer) -> TitleAnswer:
        """The title cleaned, without a final full stop."""
        title = strip_opener(clean_text(answer.title), language_code(facts.language))
        if not title.endswith(("..", "…")):
            title = title.rstrip(".。 ")
        require_substance(title, _TASK)
        require_own_words(title, facts)
        if len(title.split()) > MAX_WORDS or len(answer.title) >= TITLE_LIMIT:
            raise BadAnswer("title_too_long", title)
        require_language(title, facts.language)
        return TitleAnswer(title=title)

    def effects(self, facts: MediaFacts, answer: TitleAnswer) -> Effects:
        """The title, unless the platform has its own."""
        return tuple(PutMeta(key, answer.title) for key in list_free(facts, _FIELDS))


STAGE = TitleStage()
