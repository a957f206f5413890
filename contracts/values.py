"""What we write into `media_meta`, as other programs read it. Fields may be added; else `version` is raised."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, JsonValue, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic.types import AwareDatetime
from pydantic_core.core_schema import WithDefaultSchema

from contracts.defects import Defect
from contracts.duplicates import Better, Level, Relation

Share = Annotated[float, Field(ge=0, le=1)]
Version = Annotated[int, Field(ge=1)]
Caption = Annotated[str, Field(description="One sentence.")]
Description = Annotated[str, Field(description="A few sentences.")]
Title = Annotated[str, Field(description="A title.")]
Model = Annotated[str, Field(description="The model of the last run of any job.")]
LastRun = Annotated[AwareDatetime, Field(description="When the last run of any job wrote its results.")]


class NamedTag(BaseModel):
    """A tag as the model named it."""

    name: str
    level: Literal["main", "other", "unsure"]


class NormalTag(BaseModel):
    """A tag by its name in the library: others' (`media`), with their figures, or the model's. Null: nobody said."""

    name: str
    confidence: Share | None
    weight: Share | None
    source: Literal["media", "model"]
    level: Literal["main", "other", "unsure"] = Field("unsure", description="Of the model's only.")


class Quality(BaseModel):
    """What is wrong with a picture, and what that comes to. `doubts` are why a person is to look, `hints` what to do.

    `version` is that of the rules, `measures_version` that of the measurements, null where nothing was measured.
    """

    version: str
    score: Share
    grade: Literal["A", "B", "C"]
    status: Literal["ok", "review", "defect"]
    defects: tuple[Defect, ...]
    doubts: tuple[str, ...]
    hints: tuple[str, ...]
    measures_version: int | None


class Computed(BaseModel):
    """What facts say of an axis: the limit they set, null for none, and what they looked at."""

    limit: Share | None


class Score(BaseModel):
    """One axis: null where it cannot be scored, never above what was computed; the model's level, and its reason."""

    score: Share | None
    level: Literal["bad", "poor", "fair", "good", "excellent", "no_prompt"]
    basis: str
    computed: Computed | None


class Scores(BaseModel):
    """Five axes, each by itself."""

    version: Version
    aesthetic: Score
    completeness: Score
    compliance: Score
    fidelity: Score
    novelty: Score


class Flag(BaseModel):
    """A rule that speaks against publishing: inputs by name and source, limits, and what was missing."""

    rule: str
    outcome: Literal["second_look", "review", "block"]
    reason: str
    inputs: dict[str, dict[str, JsonValue]]
    limits: dict[str, JsonValue]
    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    conflict: bool


class SecondLook(BaseModel):
    """What the model was asked, by a digest, and what it objected to."""

    objection: Literal["none", "review", "block"]
    basis: str
    question: str
    rules: tuple[str, ...]


class RuleBook(BaseModel):
    """The rules that decided: their file's version, and the hash of what can decide."""

    version: str
    hash: str


class PolicyFlags(BaseModel):
    """Whether a picture may be published. `blocked_reason` is the first rule that blocks, null when none does."""

    version: Version
    publishable: bool
    needs_review: bool
    blocked_reason: str | None
    flags: tuple[Flag, ...]
    second_look: SecondLook | None
    policy: RuleBook


class Similar(BaseModel):
    """Another medium that is like this one: what proves it, and what the model or a person said of the two."""

    media_id: int
    level: Level
    evidence: dict[str, JsonValue]
    relation: Relation = Field(Relation.UNRELATED, description="Absent unless the model was asked.")
    better: Better = Field(Better.NEITHER, description="As relation: which one to keep.")
    reason: str = Field("", description="As relation.")
    decision: Literal["same"] = Field("same", description="Absent unless a person said so.")


class DuplicateAssist(BaseModel):
    """The copies of a picture, this one among them, and which to keep; media that are like it; what was left out."""

    version: Version
    cluster: tuple[int, ...]
    keep: int | None
    similar: tuple[Similar, ...]
    left_out: int
    hints: tuple[str, ...]


class Part(BaseModel):
    """A part of a reconstructed prompt."""

    text: str
    confidence: Share


class PromptReconstruction(BaseModel):
    """The prompt, copied from the file (`embedded`, by `generator`) or put together from what the model sees.

    `agreement` is how far captions and tags confirm it; `dropped` are artists' names that were left out.
    """

    version: Version
    prompt: str
    negative_prompt: str | None
    confidence: Share
    source: Literal["embedded", "model"]
    slots: dict[str, Part] | None
    generator: str = Field("", description="Of a copied one only.")
    agreement: Share | None = Field(None, description="Of one that was put together only.")
    dropped: tuple[str, ...] = Field((), description="As agreement.")


_KINDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "ollama.caption": Caption,
        "ollama.description": Description,
        "ollama.title": Title,
        "ollama.tags_raw": tuple[NamedTag, ...],
        "ollama.tags_normalized": tuple[NormalTag, ...],
        "ollama.quality": Quality,
        "ollama.duplicate_assist": DuplicateAssist,
        "ollama.prompt_reconstruction": PromptReconstruction,
        "ollama.scores": Scores,
        "ollama.policy_flags": PolicyFlags,
        "ollama.model": Model,
        "ollama.last_run_at": LastRun,
    }
)
KEYS: Final = tuple(_KINDS)
"""Every key of `media_meta` that is ours."""


class _WithoutDefaults(GenerateJsonSchema):
    """What is absent has no value, also where a model must be given one."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def describe(key: str) -> dict[str, Any]:
    """The JSON Schema of a key's value. An object names the run that made it, whatever else it says."""
    schema = TypeAdapter(_KINDS[key]).json_schema(schema_generator=_WithoutDefaults)
    if "properties" in schema:
        run = {"type": "integer", "minimum": 1, "description": "The ledger's number of the run that wrote it."}
        schema["properties"] = {**schema["properties"], "run": run}
        schema["required"] = [*schema["required"], "run"]
    return schema
