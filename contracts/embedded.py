"""What a program that generates pictures wrote into the file about how it made this one."""

from pydantic import BaseModel, ConfigDict


class Embedded(BaseModel):
    """The generation data of one file, as its generator wrote them.

    `generator` is a code such as `a1111` or `comfyui`. `prompt` and `negative_prompt` are copied, not cleaned, but for
    characters that no database stores; empty when there is none. `certain` is False where the file leaves open which
    of several texts the prompt is. `model` and `seed` where they are told.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    generator: str
    prompt: str
    negative_prompt: str = ""
    certain: bool = True
    model: str | None = None
    seed: int | None = None
