"""Easy Diffusion (`save_utils.py`, `sdkit/utils/file_utils.py`)."""

import json
from typing import Any

from tests.handlers.inspect.generated.cases import (
    CHECKPOINT,
    FOREIGN,
    NEGATIVE,
    PROMPT,
    SEED,
    Case,
    case,
    in_exif,
    texts,
)
from tests.handlers.inspect.metadata import user_comment

_LABELS = {
    "Prompt": PROMPT, "Negative Prompt": NEGATIVE, "Seed": str(SEED), "Stable Diffusion model": CHECKPOINT,
    "Sampler": "euler_a", "Width": "512", "Height": "512", "Steps": "25", "Guidance Scale": "7.5",
}  # fmt: skip


def make_cases() -> list[Case]:
    """Return its cases."""
    cases = [case("easydiffusion with labels", "PNG", texts(_LABELS))]
    for prompt, name in ((PROMPT, "easydiffusion"), (FOREIGN, "easydiffusion in Unicode")):
        settings = _settings(prompt)
        cases.append(case(name, "PNG", texts({key: str(value) for key, value in settings.items()}), prompt))
        cases += in_exif(name, "JPEG WEBP", user_comment(json.dumps(settings)), prompt)
    return cases


def _settings(prompt: str) -> dict[str, Any]:
    return {
        "prompt": prompt, "negative_prompt": NEGATIVE, "seed": SEED, "use_stable_diffusion_model": CHECKPOINT,
        "clip_skip": False, "use_vae_model": None, "sampler_name": "euler_a", "width": 512, "height": 512,
        "num_inference_steps": 25, "guidance_scale": 7.5, "use_lora_model": None, "use_embeddings_model": None,
        "tiling": "none", "use_face_correction": None, "use_upscale": None,
    }  # fmt: skip
