"""Fooocus (`modules/meta_parser.py`), by both of its schemes."""

import json

from PIL import Image

from tests.handlers.inspect.generated.cases import CHECKPOINT, NEGATIVE, PROMPT, SEED, Case, case, in_exif, texts
from tests.handlers.inspect.metadata import MAKER_NOTE, SOFTWARE, USER_COMMENT

_OWN = {
    "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": CHECKPOINT, "base_model_hash": "aeb7e9e689", "clip_skip": 2,
    "full_negative_prompt": [NEGATIVE, "more"], "full_prompt": [f"cinematic still {PROMPT} . film", "words"],
    "guidance_scale": 4.0, "loras": [["sd_xl_offset", 0.1, "4852686128"]], "metadata_scheme": "fooocus",
    "negative_prompt": NEGATIVE, "performance": "Speed", "prompt": PROMPT, "refiner_model": "None",
    "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": str(SEED),
    "sharpness": 2.0, "steps": 30, "styles": "['Fooocus V2']", "vae": "Default (model)", "version": "Fooocus v2.5.5",
}  # fmt: skip
_OF_A1111 = (
    f"cinematic still {PROMPT} . film, words\nNegative prompt: {NEGATIVE}, more\n"
    f"Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: {SEED}, Size: 1152x896, CFG scale: 4.0, Sharpness: 2.0, "
    f'ADM Guidance: "(1.5, 0.8, 0.3)", Model: {CHECKPOINT}, Model hash: aeb7e9e689, Performance: Speed, '
    f"Scheduler: karras, VAE: Default (model), Raw prompt: {json.dumps(PROMPT)}, "
    f"Raw negative prompt: {json.dumps(NEGATIVE)}, Version: Fooocus v2.5.5"
)


def make_cases() -> list[Case]:
    """Return its cases."""
    return [*_cases("fooocus", json.dumps(_OWN), "fooocus"), *_cases("fooocus as A1111", _OF_A1111, "a1111")]


def _cases(name: str, text: str, scheme: str) -> list[Case]:
    block = Image.Exif()
    block[USER_COMMENT], block[SOFTWARE], block[MAKER_NOTE] = text, "Fooocus v2.5.5", scheme
    chunks = {"parameters": text, "fooocus_scheme": scheme}
    return [case(name, "PNG", texts(chunks)), *in_exif(name, "JPEG WEBP", block.tobytes())]
