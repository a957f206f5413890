"""NovelAI: PNG and WebP, and the alpha channel of both."""

import json

from PIL import Image

from tests.handlers.inspect.generated.cases import (
    FOREIGN,
    LATIN,
    NEGATIVE,
    PROMPT,
    SEED,
    Case,
    Write,
    case,
    in_exif,
    texts,
)
from tests.handlers.inspect.metadata import encode, hide, user_comment, with_chunks

_MODEL = "NovelAI Diffusion V4.5"
_OLD = {
    "steps": 28, "sampler": "k_euler_ancestral", "seed": SEED, "strength": 0.7, "noise": 0.2, "scale": 11.0,
    "uc": NEGATIVE,
}  # fmt: skip
_THIRD = {"prompt": FOREIGN, **_OLD, "height": 1216, "width": 832, "n_samples": 1, "signed_hash": "x=="}


def make_cases() -> list[Case]:
    """Return its cases."""
    whole = json.dumps(_chunks(FOREIGN, _THIRD))
    comment = user_comment(whole, code=b"ASCII\0\0\0", encoding="utf-8")
    latin = [(b"tEXt", f"{name}\0{text}".encode()) for name, text in _chunks(LATIN, _OLD).items()]
    people, without = f"{FOREIGN}\ngirl, red hair\nboy", f"{NEGATIVE}\nhat"
    return [
        _case("novelai 1", "PNG", texts(_chunks(PROMPT, _OLD)), PROMPT),
        _case("novelai", "PNG", texts(_chunks(FOREIGN, _THIRD))),
        _case("novelai in UTF-8", "PNG", lambda picture: with_chunks(picture, latin), LATIN),
        _case("novelai with characters", "PNG", texts(_chunks(FOREIGN, _fourth())), people, without),
        _case("novelai hidden", "PNG", lambda picture: _hide(picture, whole, "PNG")),
        _case("novelai hidden", "WEBP", lambda picture: _hide(picture, whole, "WEBP", lossless=True, exact=True)),
        *in_exif("novelai", "WEBP JPEG", comment, FOREIGN, model=_MODEL),
    ]


def _case(name: str, kind: str, write: Write, prompt: str = FOREIGN, negative: str = NEGATIVE) -> Case:
    return case(name, kind, write, prompt, negative, model=_MODEL)


def _chunks(prompt: str, comment: object) -> dict[str, str]:
    return {
        "Title": "NovelAI generated image", "Description": prompt, "Software": "NovelAI",
        "Source": f"{_MODEL} 4BDE2A90", "Generation time": "3.2", "Comment": json.dumps(comment),
    }  # fmt: skip


def _fourth() -> dict[str, object]:
    """Settings of the fourth version: characters besides the scene."""
    people = [{"char_caption": "girl, red hair", "centers": [{"x": 0.5, "y": 0.5}]}, {"char_caption": "boy"}]
    without = [{"char_caption": "hat"}, {"char_caption": ""}]
    return {
        **_THIRD,
        "v4_prompt": {"caption": {"base_caption": FOREIGN, "char_captions": people}, "use_coords": False},
        "v4_negative_prompt": {"caption": {"base_caption": NEGATIVE, "char_captions": without}},
    }


def _hide(picture: Image.Image, text: str, kind: str, **options: object) -> bytes:
    return encode(hide(picture, text, "stealth_pngcomp"), kind, **options)
