"""Any picture's colours to plain sRGB."""

from io import BytesIO

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def make_opaque(image: Image.Image) -> Image.Image:
    """The picture as 8-bit L, RGB or CMYK, its transparent parts on white."""
    if image.mode in {"I;16", "I;16L"}:
        # Pillow's own conversion clips at 255 instead of scaling; the second of each two bytes is
        # the high one.
        return Image.frombytes("L", image.size, image.tobytes()[1::2])
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGB", image.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An opaque picture as RGB in sRGB; a broken or unfitting profile is ignored."""
    if profile:
        try:
            return _apply(image, profile)
        except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
            pass
    return image.convert("RGB")


def _apply(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _PROFILE_MODES[source.profile.xcolor_space.strip()]
    if (image.mode, mode) not in {("L", "L"), ("L", "RGB"), ("RGB", "RGB"), ("CMYK", "CMYK")}:
        raise ValueError(mode)
    converted = ImageCms.profileToProfile(
        image.convert(mode),
        source,
        _SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if converted is None:
        raise ValueError(mode)
    return converted
