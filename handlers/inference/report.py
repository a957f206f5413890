"""What a look at a server finds: what it is, and whether it has a model that can see."""

import re
from dataclasses import dataclass

import orjson
from pydantic import BaseModel, JsonValue

from handlers.failures import Invalid, Unavailable

STRUCTURED_SINCE = (0, 21, 1)
"""Before it, `think: false` together with `format` was ignored for several thinking models."""


ONE_AT_A_TIME = ("mllama", "qwen3vl", "qwen35", "qwen3next", "lfm2", "nemotron_h")
"""Families whose models get one slot: Ollama's `server/sched.go` (0.33). Beginnings: their variants count, too."""


@dataclass(frozen=True, slots=True)
class HostReport:
    """One look. `problem` is why the host cannot serve the model (None: it can); `digest` is the model's."""

    version: str | None = None
    model_present: bool = False
    sees: bool = False
    thinks: bool = False
    digest: str | None = None
    families: tuple[str, ...] = ()
    problem: Unavailable | Invalid | None = None

    @property
    def outdated(self) -> bool:
        """Whether this server may ignore the answer's form for this model; unknown and home-made versions may not."""
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.version or "")
        numbers = tuple(int(number) for number in found.groups()) if found else (0, 0, 0)
        return self.thinks and (0, 0, 0) < numbers < STRUCTURED_SINCE

    @property
    def one_at_a_time(self) -> bool:
        """Whether Ollama runs this model one call at a time, whatever OLLAMA_NUM_PARALLEL says."""
        return any(family.replace("-", "").casefold().startswith(ONE_AT_A_TIME) for family in self.families)


class VersionSheet(BaseModel):
    """`/api/version`."""

    version: str


class ListedModel(BaseModel):
    """One row of `/api/tags`."""

    name: str
    digest: str = ""


class ModelList(BaseModel):
    """`/api/tags`."""

    models: list[ListedModel] | None

    def find(self, model: str) -> ListedModel | None:
        """The row of a model; a name without a tag means `:latest`, and case does not count."""
        wanted = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
        return next((row for row in self.models or () if row.name.casefold() == wanted.casefold()), None)


class Details(BaseModel):
    """What kind of model it is."""

    family: str | None = None
    families: list[str] | None = None


class ModelSheet(BaseModel):
    """`/api/show`; servers before 0.6 list no capabilities, there the projector tells."""

    details: Details | None = None
    capabilities: list[str] | None = None
    model_info: dict[str, JsonValue] | None = None
    projector_info: dict[str, JsonValue] | None = None

    @staticmethod
    def request(model: str) -> bytes:
        """The body that asks for it."""
        return orjson.dumps({"model": model})

    @property
    def kinds(self) -> tuple[str, ...]:
        """The families it belongs to."""
        details = self.details or Details()
        return tuple(dict.fromkeys(filter(None, [details.family, *(details.families or ())])))

    @property
    def sees(self) -> bool:
        """Whether pictures can be put to the model."""
        if self.capabilities is not None:
            return "vision" in self.capabilities
        return bool(self.projector_info) or any(".vision." in key for key in self.model_info or ())

    @property
    def thinks(self) -> bool:
        """Whether the model may think before it answers."""
        return "thinking" in (self.capabilities or ())


def report_of(
    version: str, listed: ListedModel | None, sheet: ModelSheet | None, *, may_be_blind: bool = False
) -> HostReport:
    """The verdict on a server that answered."""
    if listed is None or sheet is None:
        return HostReport(version=version, problem=Unavailable("model_missing", "the model is not on this server"))
    return HostReport(
        version=version,
        model_present=True,
        sees=sheet.sees,
        thinks=sheet.thinks,
        digest=listed.digest or None,
        families=sheet.kinds,
        problem=None if sheet.sees or may_be_blind else Unavailable("model_blind", "the model cannot look at pictures"),
    )
