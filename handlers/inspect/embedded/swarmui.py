"""SwarmUI (and StableSwarmUI): JSON with `sui_image_params`, as a PNG's `parameters` or in EXIF."""

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import parse_json, tell

_MARK = "sui_image_params"


def read(fields: Fields) -> Embedded | None:
    """The prompt as it was used; one with wildcards stands beside it, unresolved. Raises ValueError, RecursionError."""
    text = fields.get("parameters")
    if isinstance(text, str) and _MARK in text:
        fields = parse_json(text)
    parameters = fields.get(_MARK)
    if not isinstance(parameters, dict):
        return None
    prompt, negative = parameters.get("prompt", ""), parameters.get("negativeprompt", "")
    if not (isinstance(prompt, str) and isinstance(negative, str)):
        return None
    return tell("swarmui", prompt, negative, model=parameters.get("model"), seed=parameters.get("seed"))
