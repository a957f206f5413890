"""What an ended call makes of a verdict, and which effects may be tried: decided purely."""

from dataclasses import replace
from datetime import timedelta

from contracts.effects import Effects, PutMeta
from contracts.facts import MediaFacts, Standing
from contracts.verdicts import Status, Verdict
from db.facts import Snapshot
from db.runs import Outcome
from handlers.backoff import Backoff
from handlers.failures import Failure, Transient, Unavailable
from handlers.inference.refusals import CRASHED
from handlers.plan import ALONE


def select_effects(facts: MediaFacts, wanted: Effects, *, forced: bool) -> Effects:
    """The effects that may be tried: never a field somebody else holds (I17).

    Our own current ones are made anew by force, and when nothing is missing: the stage was then due for another reason.
    """
    standings = {facts.standing(effect.key) for effect in wanted if isinstance(effect, PutMeta)}
    open_to_us = {Standing.ABSENT, Standing.STALE}
    if forced or not standings & open_to_us:
        open_to_us.add(Standing.OURS)
    return tuple(e for e in wanted if not isinstance(e, PutMeta) or facts.standing(e.key) in open_to_us)


def is_poison(verdict: Verdict, failure: Failure) -> bool:
    """Whether a picture crashed the model's runner although nobody else was there to be blamed, the host neither."""
    return failure.reason == CRASHED and verdict.reason == ALONE and isinstance(failure, Transient)


def decide_failure(
    verdict: Verdict, failure: Failure, retry: Backoff, snapshot: Snapshot, spread: float
) -> tuple[Verdict, Outcome]:
    """What a failure makes of a due verdict: nothing, a later try, or the end (19-22)."""
    if isinstance(failure, Unavailable):
        return verdict, Outcome.UNAVAILABLE
    delay = timedelta(seconds=retry.delay(verdict.attempt, spread))
    if failure.reason == CRASHED and verdict.reason != ALONE:  # a neighbour may have done it: no attempt is burned
        return replace(verdict, reason=ALONE, run_at=snapshot.now + delay), Outcome.RETRY
    if isinstance(failure, Transient) and failure.reason != CRASHED and verdict.attempt + 1 < retry.tries:
        return replace(verdict, attempt=verdict.attempt + 1, run_at=snapshot.now + delay), Outcome.RETRY
    return close_verdict(verdict, Status.FAILED, failure.reason), Outcome.FAILED


def close_verdict(verdict: Verdict, status: Status, reason: str) -> Verdict:
    """The verdict of a job that ended for good."""
    return replace(verdict, status=status, reason=reason, forced=False, attempt=0, run_at=None)
