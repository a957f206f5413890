"""InvokeAI (`image_files_disk.py`, and before it `pngwriter.py`): PNG only."""

import json
from typing import Any

from tests.handlers.inspect.generated.cases import CHECKPOINT, FOREIGN, NEGATIVE, PROMPT, SEED, Case, case, texts

_CORE = {
    "app_version": "5.4.2", "generation_mode": "sdxl_txt2img", "positive_prompt": PROMPT, "negative_prompt": NEGATIVE,
    "width": 1024, "height": 1024, "seed": SEED, "rand_device": "cpu", "cfg_scale": 6.5, "steps": 30,
    "scheduler": "euler", "model": {"key": "a1", "hash": "0f", "name": CHECKPOINT, "base": "sdxl", "type": "main"},
}  # fmt: skip
_FLUX = {name: value for name, value in _CORE.items() if name not in {"cfg_scale", "scheduler"}}
_PART = f"{FOREIGN} [{NEGATIVE}]"
_IMAGE = {
    "prompt": [{"prompt": _PART, "weight": 1.0}], "steps": 50, "cfg_scale": 7.5, "threshold": 0, "perlin": 0,
    "height": 512, "width": 512, "seed": SEED, "seamless": False, "type": "txt2img", "sampler": "k_lms",
}  # fmt: skip
_DREAM = f'"{_PART}" -s 50 -S {SEED} -W 512 -H 512 -C 7.5 -A k_lms'
_PARTS = f'"a cat [ugly] on a mat" -s 50 -S {SEED} -A k_lms'


def make_cases() -> list[Case]:
    """Return its cases."""
    older = {**_CORE, "model": {"model_name": CHECKPOINT, "base_model": "sdxl", "model_type": "main"}}
    return [
        _told("invokeai", _CORE),
        _told("invokeai 3", older),
        _told("invokeai of Flux", {**_FLUX, "negative_prompt": None}, negative=""),
        case("invokeai 2", "PNG", texts({"sd-metadata": _old(_IMAGE), "Dream": _DREAM}), FOREIGN),
        case("invokeai 2.0", "PNG", texts({"sd-metadata": _old({**_IMAGE, "prompt": _PART})}), FOREIGN),
        case("invokeai 1", "PNG", texts({"Dream": _DREAM}), FOREIGN, model=None),
        case(
            "invokeai 1 in parts", "PNG", texts({"Dream": _PARTS}), "a cat\non a mat", "ugly", model=None, certain=False
        ),
    ]


def _told(name: str, metadata: dict[str, Any], **rest: str) -> Case:
    return case(name, "PNG", texts({"invokeai_metadata": json.dumps(metadata), "invokeai_graph": "{}"}), **rest)


def _old(image: dict[str, Any]) -> str:
    model = {"model": "stable diffusion", "model_weights": CHECKPOINT, "model_hash": "56d1442a"}
    return json.dumps({**model, "app_id": "invoke-ai/InvokeAI", "app_version": "2.3.0", "image": image})
