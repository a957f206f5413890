"""What becomes of a picture and leaves it the same picture."""

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench.quality.looks import Random

Edit = Callable[[Image.Image, Random], Image.Image]
Colour = tuple[int, int, int]

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_OPACITY = 0.43


def scaled(share: float) -> Edit:
    """Both sides reduced to this share."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        return image.resize(size, Image.Resampling.LANCZOS)

    return edit


def encoded(name: str, quality: int) -> Edit:
    """Compressed with losses."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        file = BytesIO()
        image.save(file, name, quality=quality)
        with Image.open(file) as decoded:
            return decoded.convert("RGB")

    return edit


def brighter(gain: float) -> Edit:
    """All levels times `gain`, cut off at white."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        return Image.fromarray(np.clip(np.rint(np.asarray(image, np.float32) * gain), 0, 255).astype(np.uint8))

    return edit


def turned(how: Image.Transpose) -> Edit:
    """Turned or mirrored."""
    return lambda image, _: image.transpose(how)


def cropped(left: float, top: float, right: float, bottom: float) -> Edit:
    """These shares of the sides are cut off."""

    def edit(image: Image.Image, _: Random) -> Image.Image:
        width, height = image.size
        return image.crop(
            (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        )

    return edit


def crop_one_side(image: Image.Image, random: Random) -> Image.Image:
    """5 % less on any one side."""
    shares = [0.0] * 4
    shares[int(random.integers(4))] = 0.05
    return cropped(*shares)(image, random)


def crop_anyhow(image: Image.Image, random: Random) -> Image.Image:
    """0 to 5 % less on each side."""
    return cropped(*random.uniform(0, 0.05, 4))(image, random)


def framed(share: float, colour: Colour | None = None) -> Edit:
    """A border of a share of the longer side; of any colour if none is given."""

    def edit(image: Image.Image, random: Random) -> Image.Image:
        red, green, blue = colour or (int(level) for level in random.integers(0, 256, 3))
        width = round(share * max(image.size))
        page = Image.new("RGB", (image.width + 2 * width, image.height + 2 * width), (red, green, blue))
        page.paste(image, (width, width))
        return page

    return edit


def label(image: Image.Image, _: Random) -> Image.Image:
    """A white box with a name, 3 % of the picture, in a corner."""
    width, height = image.size
    left, top = round(0.67 * width), round(0.87 * height)
    labelled = image.copy()
    pen = ImageDraw.Draw(labelled)
    pen.rectangle((left, top, round(0.97 * width), round(0.97 * height)), fill=_WHITE)
    pen.text((left + 5, top + 2), "© Somebody", fill=_BLACK, font=ImageFont.load_default(max(8, height // 20)))
    return labelled


def stamp(image: Image.Image, _: Random) -> Image.Image:
    """White letters across the middle, slanted, that the picture shows through."""
    layer = Image.new("L", image.size)
    font = ImageFont.load_default(max(10, image.width // 7))
    middle = (image.width / 2, image.height / 2)
    ImageDraw.Draw(layer).text(middle, "SAMPLE", fill=round(255 * _OPACITY), font=font, anchor="mm")
    return Image.composite(Image.new("RGB", image.size, _WHITE), image, layer.rotate(30))


def chained(*edits: Edit) -> Edit:
    """One after the other."""

    def edit(image: Image.Image, random: Random) -> Image.Image:
        for one in edits:
            image = one(image, random)
        return image

    return edit


EDITS: Mapping[str, Edit] = {
    "resize 1/2": scaled(1 / 2),
    "resize 1/4": scaled(1 / 4),
    "JPEG 60": encoded("JPEG", 60),
    "JPEG 20": encoded("JPEG", 20),
    "WebP 50": encoded("WEBP", 50),
    "blur, 2 px": lambda image, _: image.filter(ImageFilter.GaussianBlur(2)),
    "brightness +20 %": brighter(1.2),
    "brightness -20 %": brighter(0.8),
    "mirrored": turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 90°": turned(Image.Transpose.ROTATE_270),
    "turned by 180°": turned(Image.Transpose.ROTATE_180),
    "turned by 270°": turned(Image.Transpose.ROTATE_90),
    "crop 5 %, each side": cropped(0.05, 0.05, 0.05, 0.05),
    "crop 2.5 %, each side": cropped(0.025, 0.025, 0.025, 0.025),
    "crop 5 %, one side": crop_one_side,
    "crop 0 to 5 %, each side": crop_anyhow,
    "border 5 %": framed(0.05),
    "border 2 %, black": framed(0.02, _BLACK),
    "watermark, box": label,
    "watermark, letters across": stamp,
    "greyscale": lambda image, _: image.convert("L").convert("RGB"),
    "crop 5 %, JPEG 60, mirrored": chained(
        cropped(0.05, 0.05, 0.05, 0.05), encoded("JPEG", 60), turned(Image.Transpose.FLIP_LEFT_RIGHT)
    ),
    "resize 1/2, border 5 %, JPEG 60, 90°": chained(
        scaled(1 / 2), framed(0.05, _WHITE), encoded("JPEG", 60), turned(Image.Transpose.ROTATE_270)
    ),
}
