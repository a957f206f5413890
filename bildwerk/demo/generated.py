"""Pictures as if a program had generated them: simple drawings of ours, with what such programs write into a file.

No model made them. Only the metadata are as the named programs write them; prompts, models and seeds are made up.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from bildwerk.demo.drawings import draw_birches, draw_lighthouse, draw_mountains, draw_planet

FOLDER: Final = "art"
_MODEL: Final = "drawn-by-hand"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody might have asked a generator for."""

    prompt: str
    negative: str
    seed: int


def write_webui(wish: Wish, path: Path, picture: Image.Image) -> None:
    """As AUTOMATIC1111's web UI does: one text, in a PNG's `parameters` or a JPEG's UserComment."""
    text = (
        f"{wish.prompt}\nNegative prompt: {wish.negative}\n"
        f"Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: {wish.seed}, "
        f"Size: {picture.width}x{picture.height}, Model hash: 0000000000, Model: {_MODEL}, Version: v1.10.1"
    )
    if path.suffix == ".png":
        _save_png(picture, path, parameters=text)
    else:
        _save_with_comment(picture, path, text)


def write_comfyui(wish: Wish, path: Path, picture: Image.Image) -> None:
    """As ComfyUI does: the nodes as they were run, and the workflow with its links."""
    texts = {"6": wish.prompt, "7": wish.negative}
    sampler = {
        "seed": wish.seed, "steps": 20, "cfg": 6.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
    }  # fmt: skip
    size = {"width": picture.width, "height": picture.height, "batch_size": 1}
    nodes = {
        "3": ("KSampler", sampler),
        "4": ("CheckpointLoaderSimple", {"ckpt_name": f"{_MODEL}.safetensors"}),
        "5": ("EmptyLatentImage", size),
        **{number: ("CLIPTextEncode", {"text": text, "clip": ["4", 1]}) for number, text in texts.items()},
        "8": ("VAEDecode", {"samples": ["3", 0], "vae": ["4", 2]}),
        "9": ("SaveImage", {"filename_prefix": "ComfyUI", "images": ["8", 0]}),
    }
    prompt = {number: {"class_type": kind, "inputs": inputs} for number, (kind, inputs) in nodes.items()}
    links = [
        [1, 4, 0, 3, 0, "MODEL"], [2, 5, 0, 3, 3, "LATENT"], [3, 4, 1, 6, 0, "CLIP"], [4, 6, 0, 3, 1, "CONDITIONING"],
        [5, 4, 1, 7, 0, "CLIP"], [6, 7, 0, 3, 2, "CONDITIONING"], [7, 3, 0, 8, 0, "LATENT"], [8, 4, 2, 8, 1, "VAE"],
        [9, 8, 0, 9, 0, "IMAGE"],
    ]  # fmt: skip
    drawn = [{"id": int(number), "type": kind} for number, (kind, _) in nodes.items()]
    workflow = {"last_node_id": 9, "last_link_id": 9, "nodes": drawn, "links": links, "version": 0.4}
    _save_png(picture, path, prompt=json.dumps(prompt), workflow=json.dumps(workflow))


def write_swarmui(wish: Wish, path: Path, picture: Image.Image) -> None:
    """As SwarmUI does: JSON, here in the UserComment of a WebP."""
    parameters = {
        "prompt": wish.prompt, "negativeprompt": wish.negative, "model": _MODEL, "seed": wish.seed, "steps": 20,
        "cfgscale": 7.0, "width": picture.width, "height": picture.height, "swarm_version": "0.9.5.0",
    }  # fmt: skip
    _save_with_comment(picture, path, json.dumps({"sui_image_params": parameters}, indent=2))


Draw = Callable[[], Image.Image]
Write = Callable[[Wish, Path, Image.Image], None]
GENERATED: Final[Mapping[str, tuple[Draw, Write, Wish]]] = {
    "birches.jpg": (
        draw_birches, write_webui,
        Wish("birch forest in autumn, fallen leaves, low sun, watercolour on paper", "people, text", 1848),
    ),
    "lighthouse.png": (
        draw_lighthouse, write_webui,
        Wish("a lighthouse on a cliff at sunset, (oil painting:1.2), golden hour, detailed", "blurry, text", 1611),
    ),
    "mountains.png": (
        draw_mountains, write_comfyui,
        Wish("layered blue mountains in morning fog, minimalist travel poster", "photograph, noise", 2962),
    ),
    "planet.webp": (
        draw_planet, write_swarmui,
        Wish("a ringed planet over a red desert, science fiction paperback cover, 1970s", "spaceship, lettering", 1975),
    ),
}  # fmt: skip
"""Name of the file: what is drawn, as which program's its metadata are written, and what they say."""


def generate(folder: Path) -> tuple[str, ...]:
    """Put them into a folder below `folder`; returns their names."""
    below = folder / FOLDER
    below.mkdir(exist_ok=True)
    for name, (draw, write, wish) in GENERATED.items():
        write(wish, below / name, draw())
    return tuple(f"{FOLDER}/{name}" for name in GENERATED)


def _save_png(picture: Image.Image, path: Path, **texts: str) -> None:
    told = PngInfo()
    for name, text in texts.items():
        told.add_text(name, text)
    picture.save(path, pnginfo=told)


def _save_with_comment(picture: Image.Image, path: Path, text: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode("utf-16-be")
    picture.save(path, quality=92, exif=exif)
