"""The text of Stable Diffusion web UI (A1111), which Forge, SD.Next, Civitai and others write as well.

The prompt, a line that begins with "Negative prompt:", and a line of settings. Fooocus writes it, too, when told so.
"""

import json
import re

from sd_parsers.exceptions import ParserError
from sd_parsers.parsers import AUTOMATIC1111Parser

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import tell

_PARSER = AUTOMATIC1111Parser()
_NEGATIVE = re.compile(r"^Negative prompt: ?", re.MULTILINE)
_SETTING = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""One setting; quoted where its value has a comma, colon or line break. sd-parsers would look for settings in there."""
_MAX_SETTINGS = 16_000
"""Characters of the line of settings: sd-parsers takes their square in the worst case."""
_MAX_LINES = 4
"""Lines that are tried as settings, from the last: extensions append lines of their own."""


def read(fields: Fields) -> Embedded | None:
    """The prompts exactly as they stand. Raises what sd-parsers does, but for its own errors."""
    text = fields.get("parameters")
    if not isinstance(text, str):
        return None
    end = len(text)
    tries = 0
    while tries < _MAX_LINES and end > 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if "Sampler:" in line and len(line) <= _MAX_SETTINGS:
            tries += 1
            if _is_settings(line):
                return _tell(text[: max(0, start - 1)], line)
        end = start - 1
    return None


def _is_settings(line: str) -> bool:
    try:
        _PARSER.parse({"parameters": line})
    except ParserError:
        return False
    return True


def _tell(prompts: str, line: str) -> Embedded:
    settings = {name: _unquote(value) for name, value in _SETTING.findall(line)}
    divider = _NEGATIVE.search(prompts)
    prompt, negative = prompts, ""
    if divider is not None:
        prompt, negative = prompts[: max(0, divider.start() - 1)], prompts[divider.end() :]
    prompt, negative = prompt.removesuffix("\r"), negative.removesuffix("\r")
    generator = "a1111"
    if settings.get("Version", "").startswith("Fooocus"):
        generator = "fooocus"
        prompt = settings.get("Raw prompt", prompt)
        negative = settings.get("Raw negative prompt", negative)
    return tell(generator, prompt, negative, model=settings.get("Model"), seed=settings.get("Seed"))


def _unquote(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()
