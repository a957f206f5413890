"""When and how a camera says it took a picture, from a file's EXIF."""

import re
import struct
from contextlib import suppress
from datetime import datetime

from PIL import Image

from contracts.moments import Taken
from handlers.inspect.embedded.telling import storable
from handlers.inspect.exif import (
    EXPOSURE_BIAS,
    EXPOSURE_TIME,
    FRACTION_DIGITIZED,
    FRACTION_ORIGINAL,
    MAKE,
    MODEL,
    TIME_DIGITIZED,
    TIME_ORIGINAL,
    Exif,
    read_exif,
)

_TIMES = ((TIME_ORIGINAL, FRACTION_ORIGINAL), (TIME_DIGITIZED, FRACTION_DIGITIZED))
"""The surest first. Never DateTime, which is when the file was last edited."""
_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_FRACTION = re.compile(r"\d{1,9}", re.ASCII)
_YEARS = range(1826, 2200)
"""From the first photograph on."""
_MAX_FIELD = 256
"""Bytes."""
_MAX_CAMERA = 100
"""Characters."""


def read_taken(image: Image.Image) -> Taken | None:
    """Read the moment of a loaded picture. None when no camera's time is told; never raises for its bytes' sake."""
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        return None
    try:
        exif = read_exif(block, _MAX_FIELD)
    except struct.error:
        return None
    return None if exif is None else _read(exif)


def _read(exif: Exif) -> Taken | None:
    for time, fraction in _TIMES:
        at = _read_time(exif.text(time))
        if at is not None:
            microsecond = _read_fraction(exif.text(fraction))
            return Taken(
                at=at.replace(microsecond=microsecond),
                exact=microsecond > 0,
                exposure=_positive(exif.ratio(EXPOSURE_TIME)),
                bias=exif.ratio(EXPOSURE_BIAS),
                camera=_name(exif),
            )
    return None


def _read_time(text: str) -> datetime | None:
    """A time of the camera's clock, None for one that no clock shows, as 0000:00:00."""
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[1]) not in _YEARS:
        return None
    with suppress(ValueError):
        return datetime(*map(int, match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - cameras know no zone
    return None


def _read_fraction(text: str) -> int:
    """Decimals of a second as microseconds; 0 is what cameras write that do not know any."""
    match = _FRACTION.fullmatch(text.strip())
    return 0 if match is None else int(match[0][:6].ljust(6, "0"))


def _positive(seconds: float | None) -> float | None:
    return seconds if seconds is not None and seconds > 0 else None


def _name(exif: Exif) -> str | None:
    words = f"{exif.text(MAKE)} {exif.text(MODEL)}".replace("\0", " ").split()
    return storable(" ".join(words), _MAX_CAMERA) or None
