"""SwarmUI (`Image.cs`, "Image Metadata Format"), by ImageSharp: UTF-16 from the right."""

import json
from functools import partial

from tests.handlers.inspect.generated.cases import (
    CHECKPOINT,
    FOREIGN,
    NEGATIVE,
    PROMPT,
    SEED,
    Case,
    case,
    in_exif,
    texts,
)
from tests.handlers.inspect.metadata import ASCII, MODEL, exif, user_comment


def make_cases() -> list[Case]:
    """Return its cases."""
    comment = partial(user_comment, order="<", encoding="utf-16-le")
    return [
        case("swarmui", "PNG", texts({"parameters": _text(PROMPT)})),
        case("swarmui in Unicode", "PNG", texts({"parameters": _text(FOREIGN)}, international=True), FOREIGN),
        *in_exif("swarmui", "JPEG WEBP", comment(_text(PROMPT))),
        *in_exif("swarmui in Unicode", "JPEG WEBP", comment(_text(FOREIGN)), FOREIGN),
        *in_exif("swarmui of old", "JPEG", exif({MODEL: (ASCII, f"{_text(PROMPT)}\0".encode())})),
    ]


def _text(prompt: str) -> str:
    parameters = {
        "prompt": prompt, "negativeprompt": NEGATIVE, "model": CHECKPOINT, "seed": SEED, "steps": 20, "cfgscale": 7.0,
        "aspectratio": "1:1", "width": 1024, "height": 1024, "automaticvae": True, "swarm_version": "0.9.7.0",
    }  # fmt: skip
    extra = {"date": "2025-11-13", "original_prompt": "a <random:cat, dog>", "generation_time": "6.11 (prep)"}
    return json.dumps({"sui_image_params": parameters, "sui_extra_data": extra}, indent=2, ensure_ascii=False)
