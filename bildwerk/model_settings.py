"""Which models are asked, and when a host swaps one for another."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings

from bildwerk.setting_types import Count, Seconds, check_job_types


def _pairs(value: object) -> object:
    """`job_type=model`, separated by commas; a model's name may hold `=` and `:`."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    named = [job_type.strip() for job_type, _, _ in pairs]
    if wrong := next((name for name, (_, _, model) in zip(named, pairs, strict=True) if not model.strip()), None):
        raise ValueError(f"{wrong} has no model: write {wrong}=MODEL")
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise ValueError(f"{twice} is named twice")
    return {name: model.strip() for name, (_, _, model) in zip(named, pairs, strict=True)}


def _known(value: Mapping[str, str]) -> Mapping[str, str]:
    check_job_types(tuple(value))
    return value


JobModels = Annotated[Mapping[str, str], AfterValidator(_known), BeforeValidator(_pairs)]


class ModelSettings(BaseSettings):
    """What is asked of whom (docs/models.md)."""

    model: str = Field(
        "qwen3-vl:4b-instruct",
        min_length=1,
        description="Vision model that answers every job type for which no other is named.",
    )
    models: JobModels = Field(
        {},
        description="Other models by job type, comma-separated: `ollama_policy_flags=gemma3:12b`. One at a time on a "
        "host (docs/models.md).",
    )
    swap_media: Count = Field(
        50, description="A host that others wait for at another model swaps after so many media with one."
    )
    swap_seconds: Seconds = Field(300.0, description="Or after so long.")
