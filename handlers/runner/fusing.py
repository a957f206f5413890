"""Which jobs of a medium are asked for in one call."""

from collections.abc import Sequence
from typing import Any

from contracts.verdicts import Verdict
from db.facts import Snapshot
from handlers.chain import Chain
from handlers.plan import ALONE
from handlers.stage import Awaiting, Due, Satisfied, Stage


def list_fused(chain: Chain, snapshot: Snapshot, first: Stage[Any]) -> Sequence[Stage[Any]]:
    """`first` and the stages that would be due after it, as far as the facts tell before it is answered, in order.

    Whether they are due after all is decided when those before them are settled. Left out are jobs that rules decide,
    that compare the picture with others, that wait for their next try or for another model, or that come after a job
    left out which is still to be done. A job that is to be alone on a host is alone in its call, too.
    """
    verdicts = snapshot.verdicts
    if verdicts[first.job_type].reason == ALONE or first.prompt(snapshot.facts).companions:
        return (first,)
    barred = chain.bar(snapshot.facts, snapshot.now)
    settled = {name for name, verdict in verdicts.items() if verdict.status.terminal} | {first.job_type}
    fused = [first]
    for stage in chain.stages:
        name, verdict = stage.job_type, verdicts.get(stage.job_type)
        if name in settled or verdict is None or name in chain.foreign or not chain.upstreams[name] <= settled:
            continue
        wanted = None if name in barred else _is_wanted(chain, snapshot, first, stage)
        if wanted is not False:
            settled.add(name)
        if wanted:
            fused.append(stage)
    return fused


def _is_wanted(chain: Chain, snapshot: Snapshot, first: Stage[Any], stage: Stage[Any]) -> bool | None:
    """Whether the job would be due, and may be asked for with `first`; None: it would be skipped.

    A mistake of ours in a stage is met in that job's own turn: here it would fail `first`.
    """
    verdict = snapshot.verdicts[stage.job_type]
    try:
        would_be_due = _would_be_due(stage, snapshot, verdict)
        if not would_be_due:
            return would_be_due
        return _may_join(chain, first, stage, verdict) and _is_fusible(stage, snapshot)
    except Exception:  # noqa: BLE001 - see above
        return False


def _may_join(chain: Chain, first: Stage[Any], stage: Stage[Any], verdict: Verdict) -> bool:
    same_model = chain.models.of(stage.job_type) == chain.models.of(first.job_type)
    return same_model and verdict.run_at is None and verdict.reason != ALONE


def _would_be_due(stage: Stage[Any], snapshot: Snapshot, verdict: Verdict) -> bool | None:
    """Whether the job would be due; None: it would be skipped, False: nobody knows yet."""
    match stage.condition(snapshot.facts):
        case Due():
            return True
        case Satisfied():
            return True if verdict.forced else None
        case Awaiting():
            return False
    return None


def _is_fusible(stage: Stage[Any], snapshot: Snapshot) -> bool:
    return stage.decide(snapshot.facts) is None and not stage.prompt(snapshot.facts).companions
