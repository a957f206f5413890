"""Draw Things: JSON as UserComment, in XMP or in EXIF."""

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import tell

_SETTINGS = {"sampler", "scale", "seed", "size", "steps", "strength"}
_ENOUGH = 4
"""So many of the settings are there besides the prompts: `c` and `uc` alone could mean anything."""


def read(fields: Fields) -> Embedded | None:
    """The prompt `c` and the negative one, `uc`."""
    prompt, negative = fields.get("c"), fields.get("uc", "")
    if not (isinstance(prompt, str) and isinstance(negative, str)):
        return None
    if len(_SETTINGS & fields.keys()) < _ENOUGH:
        return None
    return tell("drawthings", prompt, negative, model=fields.get("model"), seed=fields.get("seed"))
