"""InvokeAI, in its three formats: `invokeai_metadata`, before that `sd-metadata`, and at first `Dream`."""

import json
from typing import Any

from sd_parsers.parsers import InvokeAIParser

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import parse_json, tell

_PARSER = InvokeAIParser()
_MAX_DREAM = 8_000
"""Characters of a command line. sd-parsers takes the square of the length for runs of blanks."""


def read(fields: Fields) -> Embedded | None:
    """The prompts; those of old formats have the negative one in brackets. Raises what sd-parsers does."""
    if "invokeai_metadata" in fields:
        return _read_metadata(parse_json(fields["invokeai_metadata"]))
    if "sd-metadata" in fields:
        return _read_old({"sd-metadata": json.dumps(_list_prompts(parse_json(fields["sd-metadata"])))})
    dream = fields.get("Dream")
    if isinstance(dream, str) and len(dream) <= _MAX_DREAM:
        return _read_old({"Dream": dream.replace("\n", " ")})
    return None


def _read_metadata(metadata: Any) -> Embedded:
    model = metadata.get("model")
    name = model.get("name") or model.get("model_name") if isinstance(model, dict) else None
    # newer kinds of models have no scheduler, without which sd-parsers sees no sampler
    told = {name: value for name, value in metadata.items() if value is not None}
    text = json.dumps({"scheduler": "", **told})
    (sampler,) = _PARSER.parse({"invokeai_metadata": text}).samplers
    prompts = [prompt.value for prompt in sampler.prompts]
    negatives = [prompt.value for prompt in sampler.negative_prompts]
    if not (prompts or negatives or "generation_mode" in metadata):
        raise ValueError("no metadata of a generation")
    return tell("invokeai", prompts, negatives, model=name, seed=sampler.parameters.get("seed"))


def _list_prompts(metadata: Any) -> Any:
    """The same with its prompts as a list of parts, which they were not always."""
    if isinstance(prompt := metadata["image"].get("prompt"), str):
        metadata["image"]["prompt"] = [{"prompt": prompt}]
    return metadata


def _read_old(parameters: dict[str, str]) -> Embedded:
    (sampler,) = _PARSER.parse(parameters).samplers
    prompts = [prompt.value for prompt in sampler.prompts]
    negatives = [prompt.value for prompt in sampler.negative_prompts]
    return tell(
        "invokeai",
        prompts,
        negatives,
        certain=len(prompts) <= 1 and len(negatives) <= 1,
        model=sampler.model and sampler.model.name,
        seed=sampler.parameters.get("seed"),
    )
