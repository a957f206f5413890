"""What one picture has to do with another, told from small versions of both. Simulated: no model looked at anything.

Distances are mean differences of brightness, 0 to 255: of the colours as they are, and of greys spread evenly, where
light and contrast do not count, over the eight ways to turn a picture and a little cut off around it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from PIL import Image, ImageChops, ImageOps, ImageStat

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.looks import SIDE, Look

# Chosen on 17 sample pictures: copies in other sizes, formats, light, turned, cropped or framed fall below the first
# three, pictures moved by a tenth mostly between, others above 40.
_SAME, _EDITED, _RETOUCHED, _MOVED = 2.5, 16.0, (8.0, 30.0), 40.0
_LIKE: Final = 30.0
_LARGER: Final = 1.1
_SHARPER: Final = 1.0
_LIGHTER: Final = 8.0
_GREY: Final = 8.0
_CUTS: Final = (1, 2)
_TURNS: Final = (None, *Image.Transpose)

_SENTENCES: Final = {
    "en": {
        "same": "The same view in both; the other one has {size} pixels and averages {average}",
        "turned": "The same view, but the other one is turned or mirrored, in {colours}",
        "grey": "The same view, but only one of the two has colours such as {colours}",
        "lighter": "The same view, but the light of the other one is stronger: it averages {average}",
        "darker": "The same view, but the light of the other one is weaker: it averages {average}",
        "edited": "The same view, but the other one is reworked in places and averages {average}",
        "burst": "Nearly the same view, but its areas have moved; the other one averages {average}",
        "variant": "A similar layout, but the other one is made of {colours} and averages {average}",
        "unrelated": "Nothing is shared: the other one consists of {colours} and averages {average}",
        "absent": "There is no such picture to compare this one with",
    },
    "de": {
        "same": "Die gleiche Ansicht in beiden; das andere hat {size} Bildpunkte und ist im Mittel {average}",
        "turned": "Die gleiche Ansicht, aber das andere ist gedreht oder gespiegelt, in {colours}",
        "grey": "Die gleiche Ansicht, aber nur eines von beiden hat Farben wie {colours}",
        "lighter": "Die gleiche Ansicht, aber das Licht des anderen ist stärker: im Mittel {average}",
        "darker": "Die gleiche Ansicht, aber das Licht des anderen ist schwächer: im Mittel {average}",
        "edited": "Die gleiche Ansicht, aber das andere ist stellenweise bearbeitet und im Mittel {average}",
        "burst": "Fast die gleiche Ansicht, aber die Flächen sind verschoben; das andere ist im Mittel {average}",
        "variant": "Ein ähnlicher Aufbau, aber das andere ist aus {colours} und im Mittel {average}",
        "unrelated": "Nichts ist gemeinsam: das andere besteht aus {colours} und ist im Mittel {average}",
        "absent": "Es ist kein solches Bild da, mit dem dieses zu vergleichen ist",
    },
}
_AGAIN: Final = {"en": (", too", ", and so is this one"), "de": (", ebenfalls", ", und auch dieses")}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`relation`: same, edited, burst, variant or unrelated; `keep`: this, other or neither; `how` names a sentence."""

    relation: str
    keep: str
    how: str


def tell_apart(
    look: Look | None, others: tuple[Look, ...], number: int, language: words.Language
) -> list[dict[str, str]]:
    """Relation, which to keep, and a sentence on the difference, for `number` other pictures; each sentence is its own.

    Of those that were not shown it is said that they are not there.
    """
    told: list[dict[str, str]] = []
    for other in (*others, *[None] * number)[:number]:
        found = compare(look, other) if look and other else Comparison("unrelated", "neither", "absent")
        sentence = _say(found.how, other, language)
        said = sum(entry["difference"].startswith(sentence) for entry in told)
        again = ("", *_AGAIN[language])[min(said, len(_AGAIN[language]))]
        told.append({"difference": f"{sentence}{again}.", "keep": found.keep, "relation": found.relation})
    return told


@lru_cache(maxsize=1024)
def compare(one: Look, other: Look) -> Comparison:
    """What `other` is to `one`. The same for the same pixels."""
    mine, theirs = _small(one), _small(other)
    upright = min(_distance(*pair) for pair in _cut(mine, theirs))
    shapes = [min(_distance(*map(_spread, pair)) for pair in _cut(mine, _turn(theirs, way))) for way in _TURNS]
    shape = min(shapes)
    if upright <= _SAME:
        return Comparison("same", _better(one, other), "same")
    if shape <= _EDITED or (upright <= _RETOUCHED[0] and shape <= _RETOUCHED[1]):
        return Comparison("edited", _better(one, other), _edit(one, other, turned=shape < shapes[0]))
    if shape <= _MOVED:
        return Comparison("burst", _better(one, other), "burst")
    relation = "variant" if upright <= _LIKE else "unrelated"
    return Comparison(relation, "neither", relation)


def _better(one: Look, other: Look) -> str:
    """The one with clearly more pixels, else the sharper one."""
    mine, theirs = one.width * one.height, other.width * other.height
    if max(mine, theirs) <= _LARGER * min(mine, theirs):
        mine, theirs = round(one.detail / _SHARPER), round(other.detail / _SHARPER)
    return "neither" if mine == theirs else "this" if mine > theirs else "other"


def _edit(one: Look, other: Look, *, turned: bool) -> str:
    if (one.saturation < _GREY) != (other.saturation < _GREY):
        return "grey"
    if abs(one.brightness - other.brightness) > _LIGHTER:
        return "lighter" if other.brightness > one.brightness else "darker"
    return "turned" if turned else "edited"


def _say(how: str, other: Look | None, language: words.Language) -> str:
    if other is None:
        return _SENTENCES[language][how]
    return _SENTENCES[language][how].format(
        average=other.average,
        colours=(" and " if language == "en" else " und ").join(words.colour_names(other, language)[:3]),
        size=f"{other.width} x {other.height}",
    )


def _small(look: Look) -> Image.Image:
    return Image.frombytes("RGB", (SIDE, SIDE), look.pixels)


def _turn(image: Image.Image, way: Image.Transpose | None) -> Image.Image:
    return image if way is None else image.transpose(way)


def _cut(one: Image.Image, other: Image.Image) -> Iterator[tuple[Image.Image, Image.Image]]:
    """Both as they are, then with a little cut off all around one of them: a frame, or what a crop took."""
    yield one, other
    for cut, first in product(_CUTS, (True, False)):
        box = (cut, cut, SIDE - cut, SIDE - cut)
        inner = (one if first else other).crop(box).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        yield (inner, other) if first else (one, inner)


def _spread(image: Image.Image) -> Image.Image:
    return ImageOps.equalize(image.convert("L"))


def _distance(one: Image.Image, other: Image.Image) -> float:
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)
