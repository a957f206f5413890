"""Bytes to a picture: looked at, hashed and made into its rendition, in one decode.

Runs in child processes. Not for threads: the limits of Pillow are global.
"""

import hashlib
import warnings
from dataclasses import dataclass, replace
from io import BytesIO

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, UnidentifiedImageError

from contracts.embedded import Embedded
from contracts.measures import Measures
from contracts.moments import Taken
from contracts.sketches import Sketch
from handlers.inspect.chunks import drop_bombs
from handlers.inspect.colours import make_opaque, to_srgb
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.limits import PictureLimits
from handlers.inspect.measuring import measure
from handlers.inspect.moments import read_taken
from handlers.inspect.perceptual import hash_perceptually, sketch
from handlers.inspect.raw import NoPreview, read_preview
from handlers.inspect.reasons import Reason
from handlers.inspect.signatures import is_cut_short, looks_raw, looks_supported

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
"""All that is ever tried. Pillow knows forty more, some of which hang or run other programs."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ROWS = 64

_REDUCING_GAP = 1.5
"""Large pictures shrink by a whole number first: 55 instead of 130 ms for 12 MP, at 55 dB."""

# One thread per child: the pool is what runs side by side, and every thread costs address space.
pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class Decoded:
    """What is in the bytes. `rendition` is the JPEG, empty when `unreadable` names the `Reason`.

    `format` as Pillow names it, or RAW; `width` and `height` in pixels, after EXIF rotation (before it,
    when it came to no rotation); `pixel_hash` as `contracts.facts.Picture` defines it, before any
    colour profile is applied; so are `measures`, the perceptual hash `phash` and the `sketch`. These, `embedded`, what
    a generator wrote into the file, and `taken`, what a camera did, are None for a picture that was measured before.
    `detail` says more about what is unreadable; of a usable picture, that metadata was too large and left out.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    pixel_hash: str | None = None
    measures: Measures | None = None
    phash: int | None = None
    sketch: Sketch | None = None
    embedded: Embedded | None = None
    taken: Taken | None = None
    unreadable: str | None = None
    detail: str = ""
    rendition: bytes = b""


def decode(data: bytes, limits: PictureLimits, *, measured: bool = False) -> Decoded:
    """Look at the first frame of `data`, or at the preview in a RAW file.

    Deterministic, and never raises for the bytes' sake. A picture that is `measured` already is not measured again.
    """
    if not looks_raw(data):
        return _decode(data, FORMATS, limits, measured=measured)
    try:
        preview = read_preview(data)
    except NoPreview as error:
        return Decoded(unreadable=error.reason.value, detail=str(error)[:500])
    decoded = _decode(preview.jpeg, ("JPEG",), limits, measured=measured, orientation=preview.orientation)
    return replace(decoded, format="RAW")


def _decode(
    data: bytes, formats: tuple[str, ...], limits: PictureLimits, *, measured: bool, orientation: int = 1
) -> Decoded:
    known = Decoded()
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=formats) as image:
                known = Decoded(_format(image), image.width, image.height)
                if refusal := _refusal(image.size, limits):
                    return replace(known, unreadable=refusal.value)
                image.load()
                if not measured:
                    known = replace(known, embedded=read_embedded(image, data), taken=read_taken(image))
                return _develop(image, known, limits, measured=measured, orientation=orientation)
    except Exception as error:  # noqa: BLE001 - parsers of hostile bytes raise what they stumble over
        reason = _name(error, data)
        if reason is Reason.METADATA_BOMB and len(bare := drop_bombs(data)) < len(data):
            spared = _decode(bare, formats, limits, measured=measured, orientation=orientation)
            return replace(spared, detail=spared.detail or reason.value)
        detail = f"{type(error).__name__}: {error}"[:500]
        return replace(known, unreadable=reason.value, detail=detail)


def _format(image: Image.Image) -> str | None:
    return "JPEG" if image.format == "MPO" else image.format  # a phone's JPEG with a second picture behind it


def _refusal(size: tuple[int, int], limits: PictureLimits) -> Reason | None:
    if size[0] * size[1] > limits.max_pixels:
        return Reason.TOO_MANY_PIXELS
    if max(size) > limits.max_aspect * min(size):
        return Reason.BAD_ASPECT
    return None


def _develop(image: Image.Image, known: Decoded, limits: PictureLimits, *, measured: bool, orientation: int) -> Decoded:
    profile = image.info.get("icc_profile")
    opaque = make_opaque(_upright(image, orientation))
    return replace(
        known,
        width=opaque.width,
        height=opaque.height,
        pixel_hash=_hash_pixels(opaque),
        measures=None if measured else measure(opaque),
        phash=None if measured else hash_perceptually(opaque),
        sketch=None if measured else sketch(opaque),
        rendition=_render(opaque, profile, limits),
    )


def _upright(image: Image.Image, usual: int) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, usual)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - corrupt EXIF is no reason to refuse the pixels
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _hash_pixels(opaque: Image.Image) -> str:
    """SHA-256 over strips of rows, which need less memory than the whole and give the same."""
    digest = hashlib.sha256()
    for top in range(0, opaque.height, _ROWS):
        strip = opaque.crop((0, top, opaque.width, min(top + _ROWS, opaque.height)))
        digest.update(strip.convert("RGB").tobytes())
    return digest.hexdigest()


def _render(opaque: Image.Image, profile: bytes | None, limits: PictureLimits) -> bytes:
    scale = min(1.0, limits.longest_side / max(opaque.size))
    size = (max(1, round(opaque.width * scale)), max(1, round(opaque.height * scale)))
    scaled = opaque.resize(size, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
    plain = to_srgb(scaled, profile)
    plain.info = {}  # or Pillow writes the original's comment and profile into the rendition
    jpeg = BytesIO()
    plain.save(jpeg, "JPEG", quality=limits.quality, subsampling="4:2:0")
    return jpeg.getvalue()


def _name(error: Exception, data: bytes) -> Reason:
    match error:
        case MemoryError():
            return Reason.DECODER_OUT_OF_MEMORY
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return Reason.TOO_MANY_PIXELS
        case UnidentifiedImageError() if not looks_supported(data):
            return Reason.UNSUPPORTED_FORMAT
        case ValueError() if "MAX_TEXT_" in str(error):
            return Reason.METADATA_BOMB
        case _:
            return Reason.TRUNCATED_PICTURE if is_cut_short(data) else Reason.UNDECODABLE_PICTURE
