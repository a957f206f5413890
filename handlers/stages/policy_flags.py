"""J8: may the picture be published, decided by rules; the model is only asked where they want a second look."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.effects import AddLifecycleEvent, Effects, PutMeta, SetQuality
from contracts.facts import QUALITY_STATUS, MediaFacts, Standing
from handlers.answer_language import require_language
from handlers.answer_text import clean_text, require_substance
from handlers.own_words import require_own_words
from handlers.policy.decision import Decision, decide
from handlers.policy.flags import EVENT, FLAGS, RESULT, to_event, to_flags
from handlers.policy.inputs import QUALITY, SCORES, foreign_status, read_inputs, read_nsfw, read_result
from handlers.policy.policy import Outcome, Policy
from handlers.policy.rule_file import default_policy
from handlers.policy.second_look import Objection, ask, name_question, recall
from handlers.policy.vocabulary import NSFW
from handlers.prompt_data import ask_language, is_blank
from handlers.stage import Condition, Due, Impossible, Prompt, Satisfied

BASIS_LIMIT: Final = 200
STAGING: Final = "staging"
When = Literal["always", "staging"]
_OBJECTIONS: Final = {"none": Outcome.PASS, "review": Outcome.REVIEW, "block": Outcome.BLOCK}


class PolicyAnswer(BaseModel):
    """What the model is to answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    basis: Annotated[str, Field(min_length=1, max_length=BASIS_LIMIT)]
    objection: Literal["none", "review", "block"]


@dataclass(frozen=True)
class PolicyFlagsStage:
    """Writes `ollama.policy_flags` and one lifecycle event per decision; can make the quality status stricter.

    `when` says which media need a decision: all that were analysed, or those that are staged for publication.
    """

    policy: Policy = field(default_factory=default_policy)
    when: When = "always"

    job_type: ClassVar[str] = "ollama_policy_flags"
    after: ClassVar[tuple[str, ...]] = ("ollama_score_multi",)
    reads: ClassVar[tuple[str, ...]] = ("scan.*",)
    writes: ClassVar[tuple[str, ...]] = (FLAGS,)
    needs_picture: ClassVar[bool] = False
    Answer: ClassVar[type[PolicyAnswer]] = PolicyAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due while a decision is needed, and there is none about the present picture and what is said of it."""
        standing = facts.standing(FLAGS)
        if standing is Standing.KEPT:
            return Impossible("kept_for_person")
        if self.when == STAGING and facts.publish_state != STAGING:
            return Satisfied("not_staged")
        if self.when == "always" and not has_results(facts):
            return Impossible("nothing_to_decide")
        return Satisfied("present") if standing is Standing.OURS and self._stands(facts) else Due()

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:
        """What the platform, a person or the detector says: scan flags as they are understood, and the status."""
        nsfw = read_nsfw(facts)
        return {NSFW: dict(nsfw.sources), "unreadable": list(nsfw.unreadable), QUALITY_STATUS: foreign_status(facts)}

    def decide(self, facts: MediaFacts) -> Effects | None:
        """What the rules decide; None where they want a second look."""
        decision = self.rule(facts)
        return None if decision.undecided else self.settle(facts, decision)

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The undecided rules with what they looked at, after the upstreams' figures."""
        return Prompt(ask(self.rule(facts), facts) + ask_language(facts.language), num_predict=160)

    def check(self, facts: MediaFacts, answer: PolicyAnswer) -> PolicyAnswer:
        """The answer with its reason cleaned."""
        basis = clean_text(answer.basis)
        if len(answer.basis) >= BASIS_LIMIT:
            basis = basis[: BASIS_LIMIT - 2].rsplit(" ", 1)[0] + " …"
        require_substance(basis, ask(self.rule(facts), facts))
        require_own_words(basis, facts)
        require_language(basis, facts.language)
        return answer.model_copy(update={"basis": basis})

    def effects(self, facts: MediaFacts, answer: PolicyAnswer) -> Effects:
        """What the rules and the model's objection come to; the objection can only make it stricter."""
        decision = self.rule(facts)
        outcome = _OBJECTIONS[answer.objection]
        rules = tuple(finding.rule.id for finding in decision.undecided)
        objection = Objection(outcome, answer.basis, name_question(decision, facts), rules)
        return self.settle(facts, decision, objection)

    def rule(self, facts: MediaFacts) -> Decision:
        """What the rules say of these facts."""
        return decide(self.policy, read_inputs(facts, self.policy.inputs))

    def settle(self, facts: MediaFacts, decision: Decision, objection: Objection | None = None) -> Effects:
        """The decision as effects; only the value when a person holds it."""
        decided = _object(decision, objection)
        flags = to_flags(self.policy, decided, objection)
        result = PutMeta(FLAGS, flags)
        if facts.standing(FLAGS) is Standing.KEPT:
            return (result,)
        event = AddLifecycleEvent(EVENT, to_event(flags))
        # Only ever stricter: whether a picture that was set aside is fine after all is for a person to say. And only
        # for what is known: without scan flags a whole library would be set aside.
        stricter = decided.at_fault and facts.quality_status == "ok" and foreign_status(facts) is None
        return (result, SetQuality("review"), event) if stricter else (result, event)

    def _stands(self, facts: MediaFacts) -> bool:
        """Whether what was decided is what the rules, and the model's answer then, still come to."""
        kept, decision = facts.meta[FLAGS], self.rule(facts)
        objection = recall(kept, name_question(decision, facts)) if decision.undecided else None
        if not isinstance(kept, dict) or (decision.undecided and objection is None):
            return False
        flags = to_flags(self.policy, _object(decision, objection), objection)
        return all(kept.get(name) == flags[name] for name in (*RESULT, "flags"))


def _object(decision: Decision, objection: Objection | None) -> Decision:
    return decision if objection is None else replace(decision, objection=objection.outcome)


def has_results(facts: MediaFacts) -> bool:
    """Whether there is a quality analysis or a score of the present picture to decide on."""
    return any(not is_blank(read_result(facts, key)) for key in (QUALITY, SCORES))


STAGE = PolicyFlagsStage()
