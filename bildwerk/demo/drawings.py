"""Simple drawings: a lighthouse, mountains, a planet, birches; the same ones every time."""

import random
from typing import Final

from PIL import Image, ImageDraw

SIZE: Final = (768, 576)
_SEED: Final = 20261122


def draw_lighthouse() -> Image.Image:
    """A lighthouse at sunset."""
    picture = _blend((250, 150, 60), (70, 40, 110))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((470, 300, 570, 400), fill=(255, 225, 120))
    pen.rectangle((0, 380, 768, 576), fill=(40, 50, 100))
    for row in range(390, 576, 22):
        pen.line((430 - row // 3, row, 610 + row // 4, row), fill=(250, 170, 90), width=3)
    pen.polygon(((0, 400), (170, 350), (290, 420), (330, 576), (0, 576)), fill=(30, 25, 40))
    pen.polygon(((150, 360), (165, 150), (205, 150), (220, 365)), fill=(245, 240, 230))
    for band in (190, 250, 310):
        pen.polygon(((160, band + 28), (162, band), (208, band), (212, band + 28)), fill=(190, 40, 40))
    pen.rectangle((168, 118, 202, 150), fill=(255, 250, 170), outline=(40, 30, 40), width=4)
    pen.polygon(((160, 118), (185, 92), (210, 118)), fill=(120, 30, 30))
    return picture


def draw_mountains() -> Image.Image:
    """Mountains one behind the other, the nearest the darkest."""
    picture = _blend((235, 242, 250), (150, 190, 225))
    pen = ImageDraw.Draw(picture)
    for layer, colour in enumerate(((140, 175, 210), (95, 135, 180), (55, 90, 140), (20, 40, 80))):
        base, step = 220 + 85 * layer, 96 + 24 * layer
        peaks = [(x, base - (x // step * 37 + layer * 53) % 90) for x in range(-step, 768 + 2 * step, step)]
        pen.polygon([*peaks, (768, 576), (0, 576)], fill=colour)
    return picture


def draw_planet() -> Image.Image:
    """A planet with a ring over a desert."""
    picture = _blend((12, 14, 40), (60, 30, 80))
    pen = ImageDraw.Draw(picture)
    for star in range(140):
        x, y, size = star * 197 % 768, star * 83 % 400, star % 3
        pen.ellipse((x, y, x + size, y + size), fill=(240, 240, 255))
    pen.ellipse((400, 70, 620, 290), fill=(220, 170, 110))
    pen.chord((400, 70, 620, 290), 20, 160, fill=(170, 110, 80))
    pen.arc((330, 140, 690, 220), -25, 205, fill=(250, 220, 170), width=9)
    pen.polygon(((0, 470), (220, 410), (430, 460), (768, 390), (768, 576), (0, 576)), fill=(170, 60, 35))
    pen.polygon(((0, 540), (300, 470), (768, 530), (768, 576), (0, 576)), fill=(100, 30, 30))
    return picture


def draw_birches() -> Image.Image:
    """Birches in autumn."""
    picture = _blend((250, 215, 130), (205, 120, 50))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 470, 768, 576), fill=(120, 70, 30))
    dice = random.Random(_SEED)  # noqa: S311 - leaves, not secrets
    for leaf in range(900):
        x, y = dice.randrange(768), dice.randrange(470)
        pen.ellipse((x, y, x + 9, y + 7), fill=((220, 150, 30), (190, 80, 30), (240, 190, 70))[leaf % 3])
    for trunk in range(9):
        x = 30 + trunk * 83 + trunk % 3 * 14
        pen.rectangle((x, 0, x + 20 + trunk % 2 * 8, 520), fill=(238, 234, 224))
        for mark in range(20, 520, 46):
            pen.rectangle((x + mark % 9, mark + trunk * 7 % 30, x + 14, mark + 5 + trunk * 7 % 30), fill=(40, 35, 35))
    return picture


def _blend(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    """From one colour at the top to another at the bottom."""
    mask = Image.linear_gradient("L").resize(SIZE)
    return Image.composite(Image.new("RGB", SIZE, bottom), Image.new("RGB", SIZE, top), mask)
