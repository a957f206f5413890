"""Asking the model: from a stage's prompt and the prepared picture to a checked answer, or the failure."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from contracts.facts import MediaFacts
from db.runs import Cost
from handlers.failures import BadAnswer, Failure, Invalid, Stale, Transient, Unavailable
from handlers.inference.answers import answer_schema, parse_answer
from handlers.inference.client import Question, Reply
from handlers.inference.layout import Shown
from handlers.runner.finishing import Answered, Failed, Result
from handlers.runner.work import Model, Pictures, Work
from handlers.stage import Companion, Stage

COMPANION_CHANGED: Final = "companion_changed"
"""The reason of a try that ends because another medium's picture is no longer the one to be shown."""


@dataclass(frozen=True)
class Asker:
    """Asks one model about pictures.

    `reading_seconds` is how long a server may go on reading a picture after its call was given up.
    """

    pictures: Pictures
    model: Model
    model_name: str
    reading_seconds: float = 30.0

    async def prepare(self, stage: Stage[Any], facts: MediaFacts) -> Question:
        """The question with the very bytes it is about (P4).

        Raises `Stale`, `Invalid` or `Unavailable` for the medium's own picture, and `Transient` when another medium's
        is not what the facts say: that one is inspected for its own sake, and this job is tried again.
        """
        prompt = stage.prompt(facts)
        rendition = None
        if stage.needs_picture:
            if facts.path is None or facts.content_hash is None:
                raise Stale("not_inspected")
            rendition = await self.pictures.rendition(facts.path, facts.content_hash)
        return Question(
            model=self.model_name,
            prompt=prompt,
            language=facts.language,
            rendition=rendition,
            schema=answer_schema(stage),
            media_id=facts.media_id,
            job_type=stage.job_type,
            companions=tuple([await self._show(companion) for companion in prompt.companions]),
        )

    async def _show(self, companion: Companion) -> Shown:
        try:
            return Shown(companion.alias, await self.pictures.rendition(companion.path, companion.content_hash))
        except (Stale, Invalid) as failure:
            raise Transient(COMPANION_CHANGED, failure.reason) from failure

    async def ask(self, work: Work, stage: Stage[Any], facts: MediaFacts, question: Question) -> Result:
        """The checked answer or the failure; an answer cut off at its length is asked for once more with more room."""
        room = replace(question.prompt, num_predict=question.prompt.num_predict * 2)
        try:
            try:
                reply = await self._call(work, question)
            except BadAnswer as failure:
                if failure.reason != "length":
                    raise
                reply = await self._call(work, replace(question, prompt=room))
        except Failure as failure:
            work.failure = failure
            return Failed(failure)
        cost = Cost(
            reply.prompt_tokens, reply.answer_tokens, reply.load_ms, reply.prompt_ms, reply.answer_ms, reply.total_ms
        )
        try:
            answer = parse_answer(stage, facts, reply.text)
        except BadAnswer as failure:
            work.failure = failure
            return Failed(failure, cost)
        work.answered += 1
        return Answered(answer, reply.text, cost)

    async def _call(self, work: Work, question: Question) -> Reply:
        """One model call that a lost lease cancels without cancelling what comes after it."""
        if work.lost:
            raise Unavailable("lease_lost")
        work.call = asyncio.create_task(self.model.ask(work.claim.slot.host, question))
        try:
            return await work.call
        except asyncio.CancelledError:
            work.busy = timedelta(seconds=self.reading_seconds)
            if not work.lost:
                work.call.cancel()
                raise
            raise Unavailable("lease_lost") from None
        except Failure as failure:
            if failure.reason == "timeout":
                work.busy = timedelta(seconds=self.reading_seconds)
            raise
        finally:
            work.call = None
