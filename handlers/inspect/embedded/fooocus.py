"""Fooocus, by its own scheme: JSON. What it writes by the scheme of A1111 is read there."""

from sd_parsers.parsers import FooocusParser

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import tell

_PARSER = FooocusParser()


def read(fields: Fields) -> Embedded | None:
    """The prompts as they were typed, before styles. Raises what sd-parsers does."""
    text = fields.get("parameters")
    if not (isinstance(text, str) and text.startswith("{")):
        return None
    (sampler,) = _PARSER.parse({"parameters": text}).samplers
    model = sampler.model and sampler.model.name
    prompts = [prompt.value for prompt in sampler.prompts]
    negatives = [prompt.value for prompt in sampler.negative_prompts]
    return tell("fooocus", prompts, negatives, model=model, seed=sampler.parameters.get("seed"))
