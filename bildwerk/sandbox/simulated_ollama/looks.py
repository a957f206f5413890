"""What can be said of a picture from its pixels alone: shape, colours, light, detail, embedded text."""

import colorsys
import io
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image, ImageFilter, ImageStat

from bildwerk.sandbox.simulated_ollama.requests import Picture

_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")  # what the servers' own decoders read
SIDE = 24
"""Width and height, in pixels, of the small version from which all is told."""
_TEXT_KEYS = ("Title", "title", "Description", "description", "parameters")
_IMAGE_DESCRIPTION = 0x010E


@dataclass(frozen=True, slots=True)
class _Band:
    """The colours of a range of hues, up to `until` degrees; limits are HSV value and saturation."""

    until: float
    name: str
    dark_below: float = 0.0
    dark: str = ""
    pale_below: float = 0.0
    pale: str = ""


_BANDS = (
    _Band(16, "red", 0.5, "dark red", 0.5, "pink"),
    _Band(45, "orange", 0.62, "brown", 0.4, "beige"),
    _Band(68, "yellow", 0.55, "olive", 0.25, "beige"),
    _Band(165, "green", 0.4, "dark green"),
    _Band(195, "turquoise"),
    _Band(255, "blue", 0.42, "navy", 0.5, "light blue"),
    _Band(292, "violet"),
    _Band(342, "magenta", 0.3, "violet", 0.4, "pink"),
)


class Undecodable(Exception):
    """The bytes are no picture that the server's decoder reads."""


@dataclass(frozen=True, slots=True)
class Look:
    """A picture measured. `colours` are names with their share in percent, largest first.

    `average` is `#rrggbb`; `brightness`, `contrast` and `detail` are 0 to 255; `warmth` is mean red minus mean blue;
    `lightest` is upper, lower, left, right or middle, else dark, even or bright. `pixels` are RGB, `SIDE` x `SIDE`.
    """

    digest: str
    width: int
    height: int
    shape: str
    colours: tuple[tuple[str, int], ...]
    average: str
    brightness: float
    contrast: float
    warmth: float
    saturation: float
    detail: float
    lightest: str
    text: str
    pixels: bytes = field(repr=False)


_measured: dict[str, Look] = {}
_KEPT = 4096


def look_at(picture: Picture) -> Look:
    """The picture's measures, made once per content. Raises `Undecodable`."""
    known = _measured.get(picture.digest)
    if known is None:
        known = _measure(picture)
        if len(_measured) >= _KEPT:
            _measured.pop(next(iter(_measured)))
        _measured[picture.digest] = known
    return known


def _measure(picture: Picture) -> Look:
    try:
        with Image.open(io.BytesIO(picture.data), formats=_FORMATS) as image:
            width, height = image.size
            text = _embedded_text(image)
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise Undecodable from broken
    grey = small.convert("L")
    red, green, blue = ImageStat.Stat(small).mean
    light = ImageStat.Stat(grey)
    return Look(
        digest=picture.digest,
        width=width,
        height=height,
        shape=_shape(width, height),
        colours=_colours(small),
        average=f"#{round(red):02x}{round(green):02x}{round(blue):02x}",
        brightness=light.mean[0],
        contrast=light.stddev[0],
        warmth=red - blue,
        saturation=ImageStat.Stat(small.convert("HSV")).mean[1],
        detail=_detail(grey),
        lightest=_lightest(grey),
        text=text,
        pixels=small.tobytes(),
    )


def _shape(width: int, height: int) -> str:
    ratio = width / height
    for limit, name in ((0.55, "narrow"), (0.9, "tall"), (1.1, "square"), (1.9, "wide")):
        if ratio < limit:
            return name
    return "panoramic"


def _colours(small: Image.Image) -> tuple[tuple[str, int], ...]:
    pixels = small.tobytes()
    # The lowest bits tell no colours apart, and cutting them keeps the naming cheap.
    names = Counter(
        _name(pixels[at] & 0xF0, pixels[at + 1] & 0xF0, pixels[at + 2] & 0xF0) for at in range(0, len(pixels), 3)
    )
    total = SIDE * SIDE
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return tuple((name, max(1, round(100 * count / total))) for name, count in ordered[:4])


@lru_cache(maxsize=4096)
def _name(red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 240, green / 240, blue / 240)
    if value < 0.14:
        return "black"
    if saturation < 0.13:
        greys = ((0.3, "dark grey"), (0.65, "grey"), (0.88, "light grey"))
        return next((name for limit, name in greys if value < limit), "white")
    return _hued(hue * 360, saturation, value)


def _hued(hue: float, saturation: float, value: float) -> str:
    hue = 0.0 if hue >= 342 else hue
    band = next(band for band in _BANDS if hue < band.until)
    if value < band.dark_below:
        return band.dark
    return band.pale if saturation < band.pale_below and value > 0.7 else band.name


def _lightest(grey: Image.Image) -> str:
    half, quarter = SIDE // 2, SIDE // 4
    boxes = {
        "upper": (0, 0, SIDE, half),
        "lower": (0, half, SIDE, SIDE),
        "left": (0, 0, half, SIDE),
        "right": (half, 0, SIDE, SIDE),
        "middle": (quarter, quarter, SIDE - quarter, SIDE - quarter),
    }
    whole = ImageStat.Stat(grey).mean[0]
    gains = {name: ImageStat.Stat(grey.crop(box)).mean[0] - whole for name, box in boxes.items()}
    best = max(gains, key=lambda name: gains[name])
    if gains[best] > 6:
        return best
    return "dark" if whole < 55 else "bright" if whole > 205 else "even"


def _detail(grey: Image.Image) -> float:
    # The filter leaves the outermost pixels as they are.
    inner = grey.filter(ImageFilter.FIND_EDGES).crop((1, 1, SIDE - 1, SIDE - 1))
    return ImageStat.Stat(inner).mean[0]


def _embedded_text(image: Image.Image) -> str:
    candidates = [image.info.get(key) for key in _TEXT_KEYS]
    candidates.append(image.getexif().get(_IMAGE_DESCRIPTION))
    for text in candidates:
        if isinstance(text, bytes):
            text = text.decode(errors="replace")  # noqa: PLW2901
        if isinstance(text, str) and text.strip():
            words = "".join(c if c.isprintable() else " " for c in text[:200]).split()
            return " ".join(words[:10])
    return ""
