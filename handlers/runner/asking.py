"""Asking the model: from a stage's prompt and the prepared picture to a checked answer, or the failure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import structlog

from contracts.facts import MediaFacts
from db.facts import Snapshot
from db.runs import Cost
from handlers.failures import BadAnswer, Failure, Invalid, Stale, Transient, Unavailable
from handlers.inference.answers import answer_schema, parse_answer
from handlers.inference.client import Question, Reply
from handlers.inference.fusing import count_fitting, divide, fuse
from handlers.inference.layout import Shown
from handlers.inference.options import READING_SECONDS
from handlers.models import Models
from handlers.runner.finishing import Answered, Failed, Result
from handlers.runner.work import Model, Part, Pictures, Work
from handlers.stage import Companion, Stage

log = structlog.get_logger("bildwerk.handlers.asking")

COMPANION_CHANGED: Final = "companion_changed"
"""The reason of a try that ends because another medium's picture is no longer the one to be shown."""

OTHERS_FIRST: Final = timedelta(seconds=3)
"""How long a host is open to others before a medium that kept it waiting may have it again, whatever its priority."""


class CompanionAway(Unavailable):
    """The store of another medium's picture is away: what does not need that one is done meanwhile."""


@dataclass(frozen=True)
class Asker:
    """Asks models about pictures, of each job type its own.

    `reading_seconds` is how long a server may go on reading a picture after its call was given up; `room` is what is
    left of the context beside a picture, in tokens.
    """

    pictures: Pictures
    model: Model
    models: Models
    reading_seconds: float = READING_SECONDS
    room: int = 4096

    async def prepare(
        self, stage: Stage[Any], facts: MediaFacts, *, shown: bool = False, held: bytes | None = None
    ) -> Question:
        """The question with the very bytes it is about (P4); without, if the picture was `shown` already.

        `held` is the picture with the facts' content hash where it was read before. Where it is, or none is needed,
        and no other medium's, nothing is waited for.

        Raises `Stale`, `Invalid` or `Unavailable` for the medium's own picture, `CompanionAway` when the store of
        another medium's is away, and `Transient` when that one is not what the facts say: it is inspected for its own
        sake, and this job is tried again.
        """
        rendition = None
        if stage.needs_picture and not shown:
            if facts.path is None or facts.content_hash is None:
                raise Stale("not_inspected")
            rendition = held or await self.pictures.rendition(facts.path, facts.content_hash)
        companions = tuple([await self._show(companion) for companion in stage.prompt(facts).companions])
        return self._compose(stage, facts, rendition, companions)

    def _compose(
        self, stage: Stage[Any], facts: MediaFacts, rendition: bytes | None, companions: tuple[Shown, ...] = ()
    ) -> Question:
        return Question(
            model=self.models.of(stage.job_type),
            prompt=stage.prompt(facts),
            language=facts.language,
            rendition=rendition,
            schema=answer_schema(stage),
            media_id=facts.media_id,
            job_type=stage.job_type,
            companions=companions,
        )

    async def _show(self, companion: Companion) -> Shown:
        try:
            return Shown(companion.alias, await self.pictures.rendition(companion.path, companion.content_hash))
        except (Stale, Invalid) as failure:
            raise Transient(COMPANION_CHANGED, failure.reason) from failure
        except Unavailable as failure:
            raise CompanionAway(failure.reason, failure.detail, pause=failure.pause) from failure

    async def ask(self, work: Work, stage: Stage[Any], facts: MediaFacts, question: Question) -> Result:
        """The checked answer or the failure; an answer cut off at its length is asked for once more with more room."""
        try:
            reply = await self._call_with_room(work, question)
        except Failure as failure:
            work.failure = failure
            return Failed(failure)
        return self.read(work, stage, facts, reply.text, _cost(reply))

    async def ask_together(
        self, work: Work, stages: Sequence[Stage[Any]], snapshot: Snapshot, question: Question, run_id: int
    ) -> Result:
        """As `ask` for the first of the stages, whose `question` it is; what is said for the others is kept in `work`.

        An answer that cannot be taken apart is worth nothing, and what is refused may be so for what was joined: then
        all are asked one by one.
        """
        others = [self._compose(stage, snapshot.facts, None) for stage in stages[1:]]
        questions = [question, *others]
        questions = questions[: count_fitting(questions, self.room)]
        if len(questions) == 1:
            return await self.ask(work, stages[0], snapshot.facts, question)
        names = [asked.job_type for asked in questions]
        try:
            reply = await self._call_with_room(work, fuse(questions))
            texts = divide(reply.text, names)
        except (BadAnswer, Invalid) as failure:
            log.info("answer.not_divided", media_id=question.media_id, reason=failure.reason)
            work.apart = True
            return await self.ask(work, stages[0], snapshot.facts, question)
        except Failure as failure:
            work.failure = failure
            return Failed(failure)
        for name in names[1:]:
            verdict = snapshot.verdicts[name]
            work.parts[name] = Part(verdict.fingerprint, verdict.generation, texts[name], run_id)
        return self.read(work, stages[0], snapshot.facts, texts[names[0]], _cost(reply))

    async def look_again(self, facts: MediaFacts, mark: str | None, result: Result) -> tuple[str | None, Result]:
        """The mark that the same bytes were found under, or the end of this answer (P5)."""
        assert facts.path is not None
        try:
            if await self.pictures.hash(facts.path) == facts.content_hash:
                return mark, result
        except Failure:
            log.info("picture.moved", media_id=facts.media_id)
        return None, Failed(Stale("content_changed"), result.cost)

    def read(self, work: Work, stage: Stage[Any], facts: MediaFacts, text: str, cost: Cost) -> Result:
        """The answer in the model's words, checked."""
        try:
            answer = parse_answer(stage, facts, text)
        except BadAnswer as failure:
            work.failure = failure
            return Failed(failure, cost)
        work.answered += 1
        return Answered(answer, text, cost)

    async def _call_with_room(self, work: Work, question: Question) -> Reply:
        try:
            return await self._call(work, question)
        except BadAnswer as failure:
            if failure.reason != "length":
                raise
            room = replace(question.prompt, num_predict=question.prompt.num_predict * 2)
            return await self._call(work, replace(question, prompt=room))

    async def _call(self, work: Work, question: Question) -> Reply:
        """One model call that a lost lease cancels without cancelling what comes after it."""
        if work.lost or work.draining():
            raise Unavailable("lease_lost" if work.lost else "stopping")
        work.call = asyncio.create_task(self.model.ask(work.claim.slot.host, question, work.send))
        try:
            return await work.call
        except asyncio.CancelledError:
            if work.sent_at is not None:
                work.busy = timedelta(seconds=self.reading_seconds)
            if work.lost:
                raise Unavailable("lease_lost") from None
            if work.stopped:
                raise Unavailable("stopping") from None
            work.call.cancel()
            raise
        except Failure as failure:
            aside = timedelta(seconds=failure.pause if isinstance(failure, Unavailable) else 0.0)
            if failure.reason == "timeout":
                work.busy = timedelta(seconds=self.reading_seconds)
                aside = max(aside, work.busy + OTHERS_FIRST)
            work.pause = aside or work.pause
            raise
        finally:
            work.end_call()


def _cost(reply: Reply) -> Cost:
    return Cost(
        reply.prompt_tokens, reply.answer_tokens, reply.load_ms, reply.prompt_ms, reply.answer_ms, reply.total_ms
    )
