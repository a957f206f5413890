"""Several jobs' questions about one picture as one question, and its answer taken apart again.

For models that read the picture anew for every call, whatever the layout: they read it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson
from pydantic import JsonValue

from handlers.failures import BadAnswer
from handlers.inference.layout import Question, system_text
from handlers.stage import Prompt

BYTES_PER_TOKEN: Final = 3
"""Of our texts, estimated on the safe side: common tokenizers take about four bytes of English, fewer of German."""
MARKS: Final = 64
"""Tokens for roles, names of the parts and braces, per part. Estimated on the safe side."""
_OPENING: Final = (
    "Do these {count} tasks one after the other. Answer each in the object of its name; in the later ones build on "
    "what you said in the earlier ones, and do not contradict it."
)


def name_parts(job_types: Sequence[str]) -> tuple[str, ...]:
    """The names of the parts: some servers sort an answer by names, so that the order of the chain is in them."""
    return tuple(f"part{number}_{job_type}" for number, job_type in enumerate(job_types, 1))


def count_fitting(questions: Sequence[Question], room: int) -> int:
    """How many of the questions, from the first on, go into one call: at least one.

    `room` is what is left of the context beside the picture, in tokens; all answers may become as long as they may.
    """
    used = _count_tokens(system_text(questions[0].language)) + MARKS
    for at, question in enumerate(questions):
        used += _count_tokens(question.prompt.task) + question.prompt.num_predict + MARKS
        if used > room and at:
            return at
    return len(questions)


def fuse(questions: Sequence[Question]) -> Question:
    """One question for all of them, which are about the same picture and in chain order; job types joined by commas."""
    first, job_types = questions[0], [question.job_type for question in questions]
    names = name_parts(job_types)
    tasks = [f"{name}:\n{question.prompt.task}" for name, question in zip(names, questions, strict=True)]
    opening = _OPENING.format(count=len(questions))
    room = sum(question.prompt.num_predict for question in questions) + MARKS * len(questions)
    return replace(
        first,
        prompt=Prompt("\n\n".join([opening, *tasks]), room),
        rendition=next((q.rendition for q in questions if q.rendition is not None), None),
        schema=_join_schemas(dict(zip(names, (q.schema for q in questions), strict=True))),
        job_type=",".join(job_types),
        is_fused=True,
    )


def divide(text: str, job_types: Sequence[str]) -> dict[str, str]:
    """Each job's part of the answer as JSON, by job type; a part that is missing is an empty text.

    Raises BadAnswer when the whole is no JSON object.
    """
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise BadAnswer("not_json", raw=text) from None
    if not isinstance(document, dict):
        raise BadAnswer("wrong_shape", raw=text)
    names = name_parts(job_types)
    return {
        job_type: orjson.dumps(document[name]).decode() if name in document else ""
        for job_type, name in zip(job_types, names, strict=True)
    }


def _join_schemas(parts: Mapping[str, dict[str, JsonValue]]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": dict(parts),
        "required": list(parts),
        "additionalProperties": False,
    }


def _count_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
