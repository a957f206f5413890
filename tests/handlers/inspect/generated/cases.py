"""One file of a generator, and what must be read from it; with the words and settings that all of them use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from contracts.embedded import Embedded
from tests.handlers.inspect.metadata import encode, with_texts

PROMPT = 'portrait of an old fisherman, (weathered skin:1.2), <lora:detail:0.6>,\nsoft light, "golden hour", 85mm'
NEGATIVE = "blurry, lowres, (bad hands:1.4), text, watermark"
FOREIGN = "Ein Café am Fluß, 夕焼けの港, 🌊 naïve painting"
"""Latin letters that two encodings write differently, and some that one of them cannot."""
LATIN = "Ein Café am Fluß, naïve Malerei"
SEED = 2_798_115_931
CHECKPOINT = "dreamshaper_8"

Write = Callable[[Image.Image], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One program's file: `write` makes it from a picture; `expected` is what must be read from it."""

    name: str
    kind: str
    write: Write
    expected: Embedded


def case(name: str, kind: str, write: Write, prompt: str = PROMPT, negative: str = NEGATIVE, **rest: Any) -> Case:
    """Return a case of the program that the name begins with; `rest` is what is told besides the usual."""
    told: dict[str, Any] = {"generator": name.split(maxsplit=1)[0], "model": CHECKPOINT, "seed": SEED} | rest
    return Case(f"{name}, {kind}", kind, write, Embedded(prompt=prompt, negative_prompt=negative, **told))


def in_exif(
    name: str, kinds: str, block: bytes, prompt: str = PROMPT, negative: str = NEGATIVE, **rest: Any
) -> list[Case]:
    """Return one case for each of the formats."""
    return [case(name, kind, saved(kind, block), prompt, negative, **rest) for kind in kinds.split()]


def saved(kind: str, block: bytes, **options: object) -> Write:
    """Return a writer of files with this EXIF."""
    return lambda picture: encode(picture.convert("RGB"), kind, exif=block, **options)


def texts(chunks: Mapping[str, str], *, international: bool = False) -> Write:
    """Return a writer of PNG with these texts."""
    return lambda picture: with_texts(picture, chunks, international=international)
