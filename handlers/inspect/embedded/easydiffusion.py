"""Easy Diffusion: one text chunk per setting in a PNG, the same as JSON in EXIF; named for programs or for people."""

from contracts.embedded import Embedded
from handlers.inspect.embedded.carriers import Fields
from handlers.inspect.embedded.telling import tell

_NAMES = (
    {
        "prompt": "prompt",
        "negative": "negative_prompt",
        "seed": "seed",
        "model": "use_stable_diffusion_model",
        "sampler": "sampler_name",
        "steps": "num_inference_steps",
        "scale": "guidance_scale",
    },
    {
        "prompt": "Prompt",
        "negative": "Negative Prompt",
        "seed": "Seed",
        "model": "Stable Diffusion model",
        "sampler": "Sampler",
        "steps": "Steps",
        "scale": "Guidance Scale",
    },
)


def read(fields: Fields) -> Embedded | None:
    """What is there under either set of names, if all of them are: some of them alone could be anybody's."""
    for names in _NAMES:
        if not fields.keys() >= set(names.values()):
            continue
        found = {role: fields[name] for role, name in names.items()}
        prompt, negative = found["prompt"], found["negative"]
        if isinstance(prompt, str) and isinstance(negative, str):
            return tell("easydiffusion", prompt, negative, model=found["model"], seed=found["seed"])
    return None
