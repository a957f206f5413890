"""What a stage is: one job type's condition, prompt, answer and effects, all pure."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from contracts.effects import Effects
from contracts.facts import MediaFacts


@dataclass(frozen=True, slots=True)
class Due:
    """The stage should run."""


@dataclass(frozen=True, slots=True)
class Satisfied:
    """Nothing to do; force overrides it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Impossible:
    """Cannot or must not run; nothing overrides it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Awaiting:
    """It is being found out whether there is something to do; the medium is planned again when it is known."""

    reason: str


Condition = Due | Satisfied | Impossible | Awaiting


@dataclass(frozen=True, slots=True)
class Companion:
    """Another medium's picture that is shown after the medium's own, under a name that the task uses."""

    alias: str
    path: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The job's own text, sent in a message of its own after the pictures, and the answer's room in tokens."""

    task: str
    num_predict: int
    companions: tuple[Companion, ...] = ()


AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Stage(Protocol[AnswerT]):
    """One job type. Implementations hold no state and do no I/O; every method is a function of its arguments.

    `after` names the job types that must be terminal before this one is looked at; `reads` the foreign `media_meta`
    keys it looks at (and `facts.TAGS`), `writes` the `ollama.*` keys it may write. The schema of `Answer` is what
    Ollama must answer.
    """

    @property
    def job_type(self) -> str: ...  # noqa: D102 - see the class
    @property
    def after(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class
    @property
    def reads(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class
    @property
    def writes(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class
    @property
    def needs_picture(self) -> bool: ...  # noqa: D102 - see the class
    @property
    def Answer(self) -> type[AnswerT]: ...  # noqa: D102, N802 - see the class

    def condition(self, facts: MediaFacts) -> Condition:
        """Whether the stage is due on these facts, force aside."""

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:
        """What besides the picture's content makes the stage due again when it changes."""

    def decide(self, facts: MediaFacts) -> Effects | None:
        """What to write when the facts alone give it, without a question; None: ask."""

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The question; deterministic."""

    def check(self, facts: MediaFacts, answer: AnswerT) -> AnswerT:
        """The cleaned answer. Raises `BadAnswer` when it is empty talk, a refusal, or in the wrong language."""

    def effects(self, facts: MediaFacts, answer: AnswerT) -> Effects:
        """What to write for this answer; who may not be overwritten is decided elsewhere."""
