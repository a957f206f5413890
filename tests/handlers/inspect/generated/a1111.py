"""A1111 (`create_infotext`), and what its kin write the same way."""

from functools import partial

from PIL import Image

from tests.handlers.inspect.generated.cases import (
    CHECKPOINT,
    FOREIGN,
    LATIN,
    NEGATIVE,
    PROMPT,
    SEED,
    Case,
    case,
    in_exif,
    texts,
)
from tests.handlers.inspect.metadata import encode, hide, user_comment, with_compressed

_HIRES = (
    ', Denoising strength: 0.4, Hires upscale: 2, Hires upscaler: 4x-UltraSharp, Lora hashes: "detail: 7c6bad76eb54, '
    'ab: 1", Hashes: {"vae": "c6a580b13a", "model": "c0d1994c73"}, ADetailer prompt: "a face, Seed: 1, Model: other"'
)
_TEMPLATE = "\nTemplate: a {b|c}"
_OWN_WORDS = "how to write: Negative prompt: as text, Steps: 3"


def infotext(prompt: str = PROMPT, negative: str = NEGATIVE, model: str = CHECKPOINT, more: str = "") -> str:
    """Return the text that A1111 writes."""
    settings = (
        f"Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: {SEED}, Size: 512x768, "
        f"Model hash: 879db523c3, Model: {model}, Clip skip: 2{more}, Version: v1.10.1"
    )
    return f"{prompt}{f'{chr(10)}Negative prompt: {negative}' if negative else ''}\n{settings}".strip()


def make_cases() -> list[Case]:
    """Return its cases."""
    return [*_chunks(), *_hidden(), *_comments()]


def _chunks() -> list[Case]:
    def chunk(name: str, text: str, *told: str, **rest: str) -> Case:
        return case(name, "PNG", texts({"parameters": text}), *told, **rest)

    compressed = partial(with_compressed, keyword="parameters", text=infotext())
    return [
        chunk("a1111", infotext()),
        chunk("a1111 in Latin-1", infotext(LATIN, "Öl"), LATIN, "Öl"),
        chunk("a1111 in Unicode", infotext(FOREIGN), FOREIGN),
        case("a1111 compressed", "PNG", compressed),
        chunk("a1111 with extensions", infotext(more=_HIRES)),
        chunk("a1111 with a template", infotext() + _TEMPLATE),
        chunk("a1111 without negative", infotext(negative=""), negative=""),
        chunk("a1111 without prompt", infotext(prompt=""), ""),
        chunk("a1111 without either", infotext("", ""), "", ""),
        chunk("a1111 of its own words", infotext(_OWN_WORDS), _OWN_WORDS),
        chunk("a1111 quoted", infotext(model='"a, b: c"'), model="a, b: c"),
        chunk("a1111 with blanks", infotext(" a  b ", " c "), "a  b ", " c "),
    ]


def _hidden() -> list[Case]:
    def hidden(mark: str, prompt: str = PROMPT) -> Case:
        return case(f"a1111 as {mark}", "PNG", lambda picture: _hide(picture, infotext(prompt), mark), prompt)

    marks = ("stealth_pnginfo", "stealth_rgbinfo", "stealth_rgbcomp")
    return [*map(hidden, marks), hidden("stealth_pngcomp", FOREIGN)]


def _hide(picture: Image.Image, text: str, mark: str) -> bytes:
    return encode(hide(picture, text, mark), "PNG")


def _comments() -> list[Case]:
    from_right = user_comment(infotext(FOREIGN), order="<", encoding="utf-16-le")
    ascii_only = user_comment(infotext(), code=b"ASCII\0\0\0", encoding="ascii")
    return [
        case("a1111", "GIF", lambda picture: encode(picture.convert("RGB"), "GIF", comment=infotext().encode())),
        *in_exif("a1111", "JPEG WEBP AVIF", user_comment(infotext())),
        *in_exif("a1111 in Unicode", "JPEG WEBP AVIF", user_comment(infotext(FOREIGN)), FOREIGN),
        *in_exif("a1111 from the right", "JPEG", from_right, FOREIGN),
        *in_exif("a1111 in ASCII", "JPEG", ascii_only),
    ]
