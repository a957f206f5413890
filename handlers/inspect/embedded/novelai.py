"""NovelAI: text chunks with JSON among them; as one JSON object in WebP and in the alpha channel."""

from collections.abc import Iterator
from typing import Any

from sd_parsers.parsers import NovelAIParser

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import parse_json, tell

_PARSER = NovelAIParser()
_PROGRAM = "NovelAI"
_MAX_SOURCE = 300


def read(fields: Fields) -> Embedded | None:
    """The prompt, and one line for each character that has a prompt of its own. Raises what sd-parsers does."""
    source, description = fields.get("Source"), fields.get("Description")
    if not (isinstance(source, str) and isinstance(description, str) and fields.get("Software") == _PROGRAM):
        return None
    comment = parse_json(fields.get("Comment"))
    parameters = {"Comment": fields["Comment"], "Description": description, "Source": source[:_MAX_SOURCE]}
    (sampler,) = _PARSER.parse(parameters).samplers
    prompt = comment.get("prompt")
    return tell(
        "novelai",
        [prompt if isinstance(prompt, str) else description, *_characters(comment.get("v4_prompt"))],
        [_text(comment.get("uc")), *_characters(comment.get("v4_negative_prompt"))],
        model=(sampler.model and sampler.model.name) or source,
        seed=sampler.parameters.get("seed"),
    )


def _characters(prompt: Any) -> Iterator[str]:
    caption = prompt.get("caption") if isinstance(prompt, dict) else None
    characters = caption.get("char_captions") if isinstance(caption, dict) else None
    for character in characters if isinstance(characters, list) else ():
        if isinstance(character, dict) and (text := _text(character.get("char_caption"))):
            yield text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
