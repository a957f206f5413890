"""Taking over an answer that was given about the same pixels: whose, and whether it fits.

Not values are taken over but the model's own words. They are read and checked as an answer to this medium's question,
and written as one: by its own locks, prompt, vocabulary and people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from contracts.facts import MediaFacts
from contracts.verdicts import Verdict
from db import reuse
from db.pool import Pool
from db.reuse import Earlier, Wanted
from handlers.failures import BadAnswer
from handlers.inference.answers import parse_answer
from handlers.plan import take_fingerprint
from handlers.stage import Stage

_TEXTS = tuple(f"{whose}{name}" for whose in ("", "ollama.") for name in ("caption", "description", "title"))
REUSABLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"ollama_caption": (), "ollama_title": (), "ollama_tags_normalize": (), "ollama_score_multi": _TEXTS}
)
"""The job types whose answers are about the pixels, each with the `media_meta` keys that they are about besides: scores
judge how much the texts tell. Of the others, quality moves a status that people act on, a comparison is one of two
certain media, a reconstruction rests on what is in the very file, and flags are decided by rules.
"""


@dataclass(frozen=True, slots=True)
class Reused:
    """Somebody else's answer, good for this medium, too."""

    run: Earlier
    answer: BaseModel


async def find_answer(pool: Pool, stage: Stage[Any], verdict: Verdict, facts: MediaFacts) -> Reused | None:
    """An answer to take over; None: ask. Nothing is locked: who overrules it after this moment is too late."""
    if not is_reusable(stage, verdict, facts):
        return None
    assert facts.picture is not None
    async with pool.acquire() as connection:
        contents = await reuse.find_contents(connection, facts.picture, stage.job_type)
        fingerprints = take_fingerprints(stage, facts, contents)
        runs = await reuse.find_answers(connection, fingerprints, _describe(stage, facts))
    return choose(stage, facts, runs)


def is_reusable(stage: Stage[Any], verdict: Verdict, facts: MediaFacts) -> bool:
    """Whether answers of others may serve this job: who forces it wants another one."""
    picture = facts.picture
    readable = picture is not None and picture.pixel_hash is not None and facts.unreadable is None
    return readable and stage.job_type in REUSABLE and not verdict.forced


def take_fingerprints(stage: Stage[Any], facts: MediaFacts, contents: Iterable[str]) -> dict[str, str]:
    """The fingerprint that this job would have if the medium's file had one of these contents, by content hash.

    A run with one of them was asked when all else that makes the job due again was as it is here (P9).
    """
    return {content: take_fingerprint(stage, replace(facts, content_hash=content)) for content in contents}


def choose(stage: Stage[Any], facts: MediaFacts, runs: Sequence[Earlier]) -> Reused | None:
    """The first answer that is a good one for this medium."""
    for run in runs:
        try:
            return Reused(run, parse_answer(stage, facts, run.raw_answer))
        except BadAnswer:
            continue
    return None


def _describe(stage: Stage[Any], facts: MediaFacts) -> Wanted:
    own_names = [key for key in stage.reads if f"ollama.{key}" in stage.writes]
    return Wanted(facts.media_id, stage.job_type, facts.language, stage.writes, own_names, REUSABLE[stage.job_type])
