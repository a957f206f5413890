"""J5: what a medium has in common with others, from the graph of pairs; who came later asks the model about both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.duplicates import ASKS, Better, Likeness, Opinion, Pair, Relation
from contracts.effects import Effects, PutMeta, PutOpinions
from contracts.facts import PAIRS, MediaFacts, Standing
from handlers.answer_reason import check_reason
from handlers.duplicates.questions import choose_shown, collect, list_open, name_shown, take_inputs
from handlers.duplicates.report import add_opinions, is_empty, write_report
from handlers.duplicates.telling import tell_evidence
from handlers.failures import BadAnswer
from handlers.prompt_data import ask_language, data_block, file_line
from handlers.stage import Awaiting, Companion, Condition, Due, Impossible, Prompt, Satisfied

REPORT: Final = "ollama.duplicate_assist"
DIFFERENCE_LIMIT: Final = 160
RESERVED: Final = 1536
"""Tokens that words and answer may need beside the pictures: 512 of answer, and twice what our texts come to."""
_TASK = """\
The first picture is the one in question; the others that were shown are named {aliases}.
Compare each of them with the first one. Programs found them alike; look for yourself.
For each of them give, in this order:
alias: its letter.
difference: one sentence of at most 20 words on what differs from the first picture, or what shows that nothing does.
keep: "this" if the first picture is the better one to keep, "other" if the one with the letter is, "neither" if none \
is better or both should be kept.
relation: one word:
- same: the same picture, perhaps of another size, compression or format
- edited: the same picture, edited: cropped, turned, recoloured, retouched, with a text or frame laid over it
- burst: another exposure of the same scene, moments apart or from a slightly other place
- variant: another version of the same idea, such as a second result of a picture generator
- unrelated: another picture that only looks alike
"""

Alias = Literal["A", "B", "C"]


class Comparison(BaseModel):
    """What the model is to say of one picture. In this order in every server: names are alphabetical."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alias: Alias
    difference: Annotated[str, Field(min_length=1, max_length=DIFFERENCE_LIMIT)]
    keep: Literal["this", "other", "neither"]
    relation: Literal["same", "edited", "burst", "variant", "unrelated"]


class DuplicateAnswer(BaseModel):
    """What the model is to answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    others: Annotated[list[Comparison], Field(min_length=1, max_length=3)]


@dataclass(frozen=True)
class DuplicateAssistStage:
    """Writes `ollama.duplicate_assist`.

    `room` is how many other pictures fit into one call; without any nobody is asked.
    """

    room: int = 3

    job_type: ClassVar[str] = ASKS
    after: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = (PAIRS,)
    writes: ClassVar[tuple[str, ...]] = (REPORT,)
    needs_picture: ClassVar[bool] = True
    Answer: ClassVar[type[DuplicateAnswer]] = DuplicateAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due while there are others to be asked about, or what is written is not what the graph says.

        What is written of a picture that can no longer be read would be believed: it is emptied.
        """
        likeness, standing = facts.likeness, facts.standing(REPORT)
        if facts.unreadable is not None:
            told = standing in (Standing.OURS, Standing.STALE) and not is_empty(facts.meta.get(REPORT))
            return Due() if told else Impossible("unreadable_picture")
        if standing is Standing.KEPT:
            return Impossible("kept_for_person")
        if not likeness.sought:
            return Awaiting("search")
        if self._choose(facts):
            return Due()
        if self.room and any(pair.awaited for pair in likeness.pairs):
            return Awaiting("referee")
        report = write_report(facts.media_id, likeness) if likeness.pairs else {}
        if is_empty(report):
            # Whoever was told of others that are gone, or told apart since, is told so.
            return Impossible(_find_reason(likeness)) if is_empty(facts.meta.get(REPORT)) else Due()
        return Satisfied("present") if standing is Standing.OURS and _is_same(facts.meta[REPORT], report) else Due()

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:
        """The pairs that this medium referees: others change what is written, but ask nothing."""
        return {"referred": take_inputs(facts.likeness)}

    def decide(self, facts: MediaFacts) -> Effects | None:
        """What the graph says, when nobody is to be asked about; those for whom there is no room are left unasked."""
        if facts.unreadable is not None:
            return (PutMeta(REPORT, write_report(facts.media_id, Likeness())),)
        if self._choose(facts):
            return None
        report = PutMeta(REPORT, write_report(facts.media_id, facts.likeness))
        unasked = collect(list_open(facts), {})
        return (PutOpinions(unasked), report) if unasked else (report,)

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The other pictures by letter, with what programs found."""
        shown = name_shown(self._choose(facts))
        known = {"media file": file_line(facts)} | {f"measured {alias}": tell_evidence(pair) for alias, pair in shown}
        task = _TASK.format(aliases=", ".join(alias for alias, _ in shown))
        return Prompt(
            data_block(known) + task + ask_language(facts.language),
            num_predict=128 + 128 * len(shown),
            companions=tuple(_show(alias, pair) for alias, pair in shown),
        )

    def check(self, facts: MediaFacts, answer: DuplicateAnswer) -> DuplicateAnswer:
        """The answer with its reasons cleaned; every picture that was shown is judged once, and no other."""
        wanted = [alias for alias, _ in name_shown(self._choose(facts))]
        if sorted(said.alias for said in answer.others) != wanted:
            raise BadAnswer("candidate_overlooked", ", ".join(said.alias for said in answer.others))
        others = [
            said.model_copy(update={"difference": check_reason(facts, said.difference, _TASK, DIFFERENCE_LIMIT)})
            for said in answer.others
        ]
        return answer.model_copy(update={"others": others})

    def effects(self, facts: MediaFacts, answer: DuplicateAnswer) -> Effects:
        """The opinions, and what the graph says with them."""
        said: dict[str, Comparison] = {comparison.alias: comparison for comparison in answer.others}
        opinions = {pair.media_id: _to_opinion(said[alias]) for alias, pair in name_shown(self._choose(facts))}
        kept = collect(list_open(facts), opinions)
        likeness = add_opinions(facts.media_id, facts.likeness, kept)
        return PutOpinions(kept), PutMeta(REPORT, write_report(facts.media_id, likeness))

    def _choose(self, facts: MediaFacts) -> list[Pair]:
        return choose_shown(list_open(facts), self.room)


def _find_reason(likeness: Likeness) -> str:
    """Why there is nobody to tell of."""
    return next(iter(likeness.limits), "no_candidates")


def _is_same(written: JsonValue, report: Mapping[str, JsonValue]) -> bool:
    """Whether it is the report that was written, whichever run did."""
    return isinstance(written, dict) and {**written, "run": None} == {**report, "run": None}


def _show(alias: str, pair: Pair) -> Companion:
    assert pair.path is not None
    assert pair.content_hash is not None
    return Companion(alias, pair.path, pair.content_hash)


def _to_opinion(said: Comparison) -> Opinion:
    return Opinion(Relation(said.relation), Better(said.keep), said.difference)


STAGE = DuplicateAssistStage()
