"""Beginning a job: its question is prepared, and its run put on record, before any model is asked."""

from dataclasses import dataclass

from db import runs
from db.pool import Connection, Pool
from db.runs import Cost
from handlers.failures import Transient
from handlers.runner.asking import Asker
from handlers.runner.finishing import Answered, Decided, Failed, Job
from handlers.runner.recording import describe_run
from handlers.runner.reuse import find_answer, is_reusable
from handlers.runner.turn import Turn
from handlers.runner.work import Begun, Prepared, Work


@dataclass(frozen=True, slots=True)
class Beginner:
    """Begins the jobs of claimed media. With `reuses` an answer about the same pixels is taken over."""

    pool: Pool
    asker: Asker
    reuses: bool = False

    async def begin(self, work: Work, turn: Turn) -> Begun | None:
        """Begin a job; None when the lease is lost.

        Raises `Stale`, `Invalid` or `Unavailable` when there is no picture to send, `CompanionAway` when it is another
        medium's; nothing is on record then.
        """
        prepared = await self._prepare(work, turn)
        async with self.pool.acquire() as connection:
            return await self._start(connection, work, prepared, self._describe(work, prepared))

    async def begin_at_once(self, connection: Connection, work: Work, turn: Turn) -> Begun | None:
        """Begin a job inside the caller's transaction; None where something is to be looked for or read first.

        What else is wrong with it is met in its own turn: the caller settles another job.
        """
        try:
            if not self._is_at_hand(work, turn):
                return None
            prepared = await self._prepare(work, turn)
            record = self._describe(work, prepared)
        except Exception:  # noqa: BLE001 - see above
            return None
        return await self._start(connection, work, prepared, record)

    def _is_at_hand(self, work: Work, turn: Turn) -> bool:
        """Whether all that the question needs is in memory."""
        stage, facts = turn.stage, turn.facts
        if stage.decide(facts) is not None:
            return True
        if self.reuses and is_reusable(stage, turn.verdict, facts):
            return False
        if stage.prompt(facts).companions:
            return False
        shown = work.find_part(turn.name, turn.verdict) is not None
        return shown or not stage.needs_picture or work.find_picture(facts.content_hash) is not None

    async def _prepare(self, work: Work, turn: Turn) -> Prepared:
        stage, facts = turn.stage, turn.facts
        if stage.decide(facts) is not None:
            return Prepared(turn, result=Decided())
        reused = await find_answer(self.pool, stage, turn.verdict, facts) if self.reuses else None
        part = work.find_part(turn.name, turn.verdict)
        if reused is not None:
            return Prepared(turn, part, reused=reused, result=Answered(reused.answer, None, Cost()))
        try:
            held = work.find_picture(facts.content_hash)
            question = await self.asker.prepare(stage, facts, shown=part is not None, held=held)
        except Transient as failure:  # an attempt like any other, so that it ends some time
            work.failure = failure
            return Prepared(turn, part, result=Failed(failure))
        work.hold(facts.content_hash, question.rendition)
        return Prepared(turn, part, question)

    def _describe(self, work: Work, prepared: Prepared) -> runs.Question:
        turn, question, host = prepared.turn, prepared.question, work.claim.slot.host
        recipe = self.asker.model.recipe(host, turn.stage, question) if question is not None else ""
        return describe_run(turn, question or prepared.reused, host, recipe, prepared.part)

    async def _start(
        self, connection: Connection, work: Work, prepared: Prepared, record: runs.Question
    ) -> Begun | None:
        run_id = await runs.start(connection, work.claim.medium, record)
        if run_id is None:
            return None
        turn = prepared.turn
        generation = turn.verdict.generation
        return Begun(prepared, Job(work.claim.medium, turn.stage, run_id, record.model, record.fingerprint, generation))
