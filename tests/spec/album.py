"""Pictures that have something in common: drawn scenes, and what becomes of them."""

import io
from datetime import datetime
from functools import cache

import numpy as np
from PIL import ExifTags, Image, ImageDraw, PngImagePlugin

from bench.quality.data import draw
from bench.quality.defects import to_image

SIZE = (480, 360)
PROMPT = "a harbour at dusk, oil painting"
NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - cameras know no zone


@cache
def draw_scene(number: int) -> Image.Image:
    """A scene of 480 x 360 pixels; no two numbers have anything in common."""
    return to_image(draw(np.random.default_rng(number), SIZE))


def draw_horizon() -> Image.Image:
    """A scene in which there is so little that its own hashes tell nothing."""
    light = np.linspace(20, 235, SIZE[1]).astype(np.uint8)
    return Image.fromarray(np.repeat(light[:, None], SIZE[0], axis=1)).convert("RGB")


def move(scene: Image.Image, pixels: int) -> Image.Image:
    """The scene with a grey thing before it, which stands so far to the right."""
    moved = scene.copy()
    ImageDraw.Draw(moved).ellipse((150 + pixels, 120, 230 + pixels, 220), fill="gray")
    return moved


def save(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture's file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photograph(scene: Image.Image, at: datetime) -> bytes:
    """The file of a camera that took the scene at this time."""
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "Simulated 1"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{at:%Y:%m:%d %H:%M:%S}"
    return save(scene, "JPEG", quality=92, exif=exif)


def generate(scene: Image.Image, seed: int) -> bytes:
    """The file of a generator that made the scene from `PROMPT`."""
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", f"{PROMPT}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: {seed}, Size: 480x360")
    return save(scene, pnginfo=told)


def look_alike(data: bytes, picture: Image.Image) -> bool:
    """Whether these bytes are a JPEG that looks like this picture, which nobody turned."""
    with Image.open(io.BytesIO(data)) as opened:
        small = (np.asarray(seen.convert("L").resize((32, 24)), float) for seen in (opened, picture))
        return opened.format == "JPEG" and float(np.abs(np.subtract(*small)).mean()) < 4
