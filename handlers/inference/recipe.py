"""What shaped an answer, as one hash: equal recipes would be answered alike."""

import hashlib

import orjson
from pydantic import JsonValue

from handlers.inference.layout import Question, system_text
from handlers.inference.options import InferenceOptions, Layout
from handlers.stage import AnswerT, Stage


def recipe(
    stage: Stage[AnswerT],
    question: Question,
    digest: str | None,
    options: InferenceOptions,
    layout: Layout | None = None,
) -> str:
    """SHA-256 (hex) of prompt text, schema, model digest, options and rendition policy; no picture, no medium.

    Of other media's pictures only their number counts, and only where there are any. `digest` is the model's on the
    host that is asked; unknown (None), the model's name stands in.
    """
    prompt = question.prompt
    shaped: dict[str, JsonValue] = {
        "job_type": stage.job_type,
        "system": system_text(question.language),
        "task": prompt.task,
        "num_predict": prompt.num_predict,
        "schema": question.schema,
        "model": digest or question.model,
        "num_ctx": options.num_ctx,
        "seed": options.seed,
        "temperature": options.temperature,
        "layout": (layout or options.usual_layout).value,
        "rendition": options.rendition_policy if stage.needs_picture else None,
    }
    if question.companions:
        shaped["companions"] = len(question.companions)
    return hashlib.sha256(orjson.dumps(shaped, option=orjson.OPT_SORT_KEYS)).hexdigest()
