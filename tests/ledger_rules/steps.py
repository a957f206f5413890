"""Stages that do what the facts tell them, so that a test can bring a ledger into any state by editing `media_meta`."""

from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from contracts.effects import Effects, PutMeta
from contracts.facts import PAIRS, MediaFacts
from db.runs import Cost
from handlers.chain import Chain
from handlers.runner.finishing import Answered
from handlers.stage import Awaiting, Condition, Due, Impossible, Prompt, Satisfied

HERE, NEVER, SOON, BY_RULE = "here", "never", "soon", "by rule"
"""Values of the meta key that is named like a step: satisfied, impossible, awaiting, decided without a question."""


class Said(BaseModel):
    """What the model is to answer."""

    text: str


@dataclass(frozen=True)
class Step:
    """A stage that writes `ollama.<name>`; `<name>.trigger` makes it due again when it changes."""

    job_type: str
    after: tuple[str, ...] = ()
    neighbourly: bool = False
    needs_picture: bool = True
    Answer: type[Said] = Said

    @property
    def reads(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.job_type, f"{self.job_type}.trigger", *((PAIRS,) if self.neighbourly else ()))

    @property
    def writes(self) -> tuple[str, ...]:
        """What it writes."""
        return (f"ollama.{self.job_type}",)

    def condition(self, facts: MediaFacts) -> Condition:
        """As the meta value says."""
        match facts.meta.get(self.job_type):
            case "here":
                return Satisfied("present")
            case "never":
                return Impossible("kept_for_person")
            case "soon":
                return Awaiting("duplicates")
            case _:
                return Due()

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:
        """What makes it due again."""
        return {"trigger": facts.meta.get(f"{self.job_type}.trigger")}

    def decide(self, facts: MediaFacts) -> Effects | None:
        """What a rule writes."""
        return self._put("by rule") if facts.meta.get(self.job_type) == BY_RULE else None

    def prompt(self, facts: MediaFacts) -> Prompt:  # noqa: ARG002
        """The question."""
        return Prompt("Say something.", 10)

    def check(self, facts: MediaFacts, answer: Said) -> Said:  # noqa: ARG002
        """Anything goes."""
        return answer

    def effects(self, facts: MediaFacts, answer: Said) -> Effects:  # noqa: ARG002
        """The words."""
        return self._put(answer.text)

    def _put(self, text: str) -> Effects:
        return (PutMeta(f"ollama.{self.job_type}", text),)


CHAIN = Chain((Step("a"), Step("b", after=("a",)), Step("c", after=("b",))))
"""Three jobs, one after the other."""


def say(text: str = "said") -> Answered:
    """A good answer."""
    return Answered(Said(text=text), text, Cost(10, 5, 0.0, 1.0, 2.0, 3.0))
