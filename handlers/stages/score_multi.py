"""J7: scores on five axes, each from a named level, limited by what can be computed."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.effects import Effects, PutMeta
from contracts.facts import SCAN, TAGS, MediaFacts, Standing
from handlers.answer_reason import check_reason
from handlers.failures import BadAnswer
from handlers.orders import gives_orders
from handlers.policy.inputs import QUALITY, SCORES, read_result
from handlers.prompt_data import ask_language, data_block, file_line, plain_text, read_ours
from handlers.scores.anchors import Level
from handlers.scores.completeness import compute_completeness
from handlers.scores.compliance import compute_compliance
from handlers.scores.fidelity import NO_PROMPT, judged_digest, prompt_digest, read_prompt, score_fidelity, shown_prompt
from handlers.scores.novelty import compute_novelty
from handlers.scores.questions import QUESTIONS
from handlers.scores.score import weigh
from handlers.stage import Condition, Due, Impossible, Prompt, Satisfied
from handlers.tags.carried import list_tags

VERSION = 1
BASIS_LIMIT = 160
_TEXTS = ("caption", "description", "title")
_TAGS_SHOWN, _DEFECTS_SHOWN = 30, 6
_TASK = """\
Judge this picture on five axes. For each axis first give the reason, then the level that the reason leads to.
basis: one sentence of at most 20 words about this picture, naming what was seen that decides.
level: one of the words below, as they are explained here.
"""
_QUESTIONS = "\n".join(map(str, QUESTIONS))

Basis = Annotated[str, Field(max_length=BASIS_LIMIT)]


class ScoreAnswer(BaseModel):
    """What the model is to answer: of each axis the reason before the level."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aesthetic_basis: Basis
    aesthetic_level: Level
    completeness_basis: Basis
    completeness_level: Level
    compliance_basis: Basis
    compliance_level: Level
    fidelity_basis: Basis
    fidelity_level: Literal["bad", "poor", "fair", "good", "excellent", "no_prompt"]
    novelty_basis: Basis
    novelty_level: Level


class ScoreStage:
    """Writes `ollama.scores`."""

    job_type = "ollama_score_multi"
    after = ("ollama_prompt_recon", "ollama_title")
    reads = ("caption", "description", "negative_prompt", "prompt", f"{SCAN}*", TAGS, "title")
    writes = (SCORES,)
    needs_picture = True
    Answer = ScoreAnswer

    def condition(self, facts: MediaFacts) -> Condition:
        """Due once there is a quality analysis, or somebody asked, until there are scores for the present prompt."""
        standing = facts.standing(SCORES)
        if facts.unreadable is not None:
            return Impossible("unreadable_picture")
        if standing is Standing.KEPT:
            return Impossible("kept_for_person")
        if not facts.score_batch and _read_quality(facts) is None:
            return Impossible("no_quality")
        if standing is Standing.OURS and judged_digest(facts.meta[SCORES]) == prompt_digest(facts):
            return Satisfied("present")
        return Due()

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:
        """The prompt of the platform or in the file: fidelity to another one is another score."""
        return {"prompt": read_prompt(facts)}

    def decide(self, facts: MediaFacts) -> Effects | None:  # noqa: ARG002
        """Never: looks are a matter of opinion."""
        return None

    def prompt(self, facts: MediaFacts) -> Prompt:
        """The axes with their levels, after what is known about the picture; of texts the platform's go before ours."""
        texts = {}
        for name in _TEXTS:
            theirs = plain_text(facts.meta.get(name))
            texts[f"media {name}"] = theirs
            texts[f"model {name}"] = None if theirs else read_ours(facts, f"ollama.{name}")
        known = {
            "media file": file_line(facts),
            **texts,
            "media tags": _list_tags(facts),
            "media prompt": shown_prompt(facts),
            "quality analysis": _tell_quality(facts),
        }
        return Prompt(data_block(known) + _TASK + _QUESTIONS + ask_language(facts.language), num_predict=512)

    def check(self, facts: MediaFacts, answer: ScoreAnswer) -> ScoreAnswer:
        """All reasons cleaned. Without a prompt what is said of fidelity is dropped; with one it must be judged."""
        has_prompt = shown_prompt(facts) is not None
        if has_prompt and answer.fidelity_level == NO_PROMPT:
            raise BadAnswer("prompt_overlooked", answer.fidelity_basis)
        judged = [question.axis for question in QUESTIONS if has_prompt or question.axis != "fidelity"]
        # Not the levels among the instructions: a reason may well say what its level means.
        told = {
            f"{axis}_basis": check_reason(facts, getattr(answer, f"{axis}_basis"), _TASK, BASIS_LIMIT)
            for axis in judged
        }
        dropped = {} if has_prompt else {"fidelity_basis": "", "fidelity_level": NO_PROMPT}
        return answer.model_copy(update=told | dropped)

    def effects(self, facts: MediaFacts, answer: ScoreAnswer) -> Effects:
        """One object: each axis with score, level, basis and what was computed."""
        a = answer
        axes = {
            "aesthetic": weigh(a.aesthetic_level, a.aesthetic_basis),
            "completeness": weigh(a.completeness_level, a.completeness_basis, compute_completeness(facts)),
            "compliance": weigh(a.compliance_level, a.compliance_basis, compute_compliance(facts)),
            "fidelity": score_fidelity(facts, a.fidelity_level, a.fidelity_basis),
            "novelty": weigh(a.novelty_level, a.novelty_basis, compute_novelty(facts)),
        }
        return (PutMeta(SCORES, {"version": VERSION, **{name: score.to_json() for name, score in axes.items()}}),)


def _read_quality(facts: MediaFacts) -> dict[str, JsonValue] | None:
    """The quality analysis of the present picture, if there is one."""
    quality = read_result(facts, QUALITY)
    return quality if isinstance(quality, dict) else None


def _tell_quality(facts: MediaFacts) -> str | None:
    """Grade, score and the defects by name."""
    quality = _read_quality(facts) or {}
    grade, score, defects = quality.get("grade"), quality.get("score"), quality.get("defects")
    listed = defects if isinstance(defects, list) else []
    codes = [defect.get("code") for defect in listed[:_DEFECTS_SHOWN] if isinstance(defect, dict)]
    parts = [
        f"grade {grade}" if grade in ("A", "B", "C") else None,
        f"score {score:.2f}" if isinstance(score, float) else None,
        "defects: " + ", ".join(str(code)[:30] for code in codes) if codes else None,
    ]
    return plain_text(", ".join(part for part in parts if part))


def _list_tags(facts: MediaFacts) -> str | None:
    tags = [text for tag in list_tags(facts)[:_TAGS_SHOWN] if (text := plain_text(tag)) and not gives_orders(text)]
    return ", ".join(tags) or None


STAGE = ScoreStage()
