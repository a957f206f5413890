"""What is put on record of a run when it starts."""

from db import runs
from handlers.inference.client import Question
from handlers.runner.reuse import Reused
from handlers.runner.turn import Turn
from handlers.runner.work import Part


def describe_run(
    turn: Turn, source: Question | Reused | None, host: str, recipe: str, part: Part | None
) -> runs.Question:
    """What identifies the run: of a question asked of `host`, an answer taken over, or (None) what rules decide."""
    verdict, facts = turn.verdict, turn.facts
    assert verdict.fingerprint is not None
    who = (turn.name, verdict.generation, verdict.fingerprint, facts.content_hash)
    match source:
        case Question():
            fused_in = part.run_id if part else None
            return runs.Question(*who, recipe, host, source.model, language=source.language, fused_in=fused_in)
        case Reused(run):
            return runs.Question(
                *who, run.recipe, host="", model=run.model, language=facts.language, reused_from=run.id
            )
    return runs.Question(*who, recipe="", host="", model="")
