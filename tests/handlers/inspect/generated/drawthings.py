"""Draw Things: the program is not open. It saves PNG; the others are the same texts as Apple's frameworks put them."""

import json
from functools import partial

from PIL import Image

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
from tests.handlers.inspect.metadata import encode, packet, user_comment


def make_cases() -> list[Case]:
    """Return its cases."""
    return [*_cases("drawthings", PROMPT), *_cases("drawthings in Unicode", FOREIGN)]


def _cases(name: str, prompt: str) -> list[Case]:
    xmp = packet(
        "Draw Things", _text(prompt), f"{prompt}\n-{NEGATIVE}\nSteps: 8, Sampler: Euler Ancestral, Seed: {SEED}"
    )
    return [
        case(name, "PNG", texts({"XML:com.adobe.xmp": xmp.decode()}, international=True), prompt),
        case(name, "JPEG", partial(_save, kind="JPEG", xmp=xmp), prompt),
        case(name, "WEBP", partial(_save, kind="WEBP", xmp=xmp), prompt),
        *in_exif(name + " in EXIF", "JPEG", user_comment(_text(prompt)), prompt),
    ]


def _save(picture: Image.Image, kind: str, xmp: bytes) -> bytes:
    return encode(picture.convert("RGB"), kind, xmp=xmp)


def _text(prompt: str) -> str:
    told = {
        "c": prompt, "uc": NEGATIVE, "model": CHECKPOINT, "sampler": "Euler Ancestral", "scale": 4.5, "seed": SEED,
        "seed_mode": "Scale Alike", "size": "1024x1024", "steps": 8, "strength": 1, "v2": {"seed": 1, "batchCount": 1},
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False)
