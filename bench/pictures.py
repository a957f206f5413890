"""Pictures to measure with: soft clouds and fine grain, which compress about as photographs do."""

from pathlib import Path

from PIL import Image

ONE_MEGAPIXEL = (1152, 864)
TWELVE_MEGAPIXELS = (4000, 3000)
SMALL = (320, 240)


def fill(folder: Path, count: int, size: tuple[int, int]) -> list[str]:
    """Put `count` different JPEGs of that size (pixels) into the folder; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number:04}.jpg" for number in range(count)]
    for name in names:
        draw(size).save(folder / name, "JPEG", quality=90)
    return names


def draw(size: tuple[int, int]) -> Image.Image:
    """One picture, never the same twice."""
    return Image.merge("RGB", [_channel(size) for _ in range(3)])


def _channel(size: tuple[int, int]) -> Image.Image:
    clouds = Image.effect_noise((size[0] // 40 + 2, size[1] // 40 + 2), 90).resize(size, Image.Resampling.BICUBIC)
    return Image.blend(clouds, Image.effect_noise(size, 40), 0.15)
