"""Tags as libraries have them: several spellings of one, two languages, one that somebody locked, and a tidy set."""

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.tags import Tag

TAGS: Final[Mapping[str, Sequence[Tag]]] = {
    "astronaut.png": (Tag("NASA", locked=True),),
    "camera.png": (Tag("Camera"), Tag("CAMERAS"), Tag("camera"), Tag("Kamera")),
    "chelsea.png": (Tag("Cats"), Tag("CAT"), Tag("cat"), Tag("Katze")),
    "coffee.png": (Tag("coffee"), Tag("Kaffee"), Tag("still-life", locked=True)),
    "rocket.jpg": (Tag("rocket"), Tag("launch"), Tag("night"), Tag("steam"), Tag("engine")),
}
"""By picture. The last one needs no more."""
