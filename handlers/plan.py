"""The one decision: what every job type of one medium is to do, given what is known.

Pure. Numbers refer to the table of transitions in docs/ledger.md.
"""

import hashlib
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from contracts.facts import MediaFacts
from contracts.verdicts import Status, Verdict
from handlers.chain import Chain
from handlers.choice.choice import LEFT_OUT
from handlers.stage import Awaiting, Due, Impossible, Satisfied, Stage

Verdicts = Mapping[str, Verdict]

AT_ONCE = datetime.min.replace(tzinfo=UTC)

ALONE = "alone"
"""Why a job is due that was under way when the model's runner crashed: it is tried again alone on a host."""

_UNHEARD = Verdict()


def take_fingerprint(stage: Stage[Any], facts: MediaFacts) -> str:
    """The digest of all that makes a stage due again: the picture's content and the stage's triggers (P9)."""
    picture = facts.content_hash or facts.unreadable
    document = orjson.dumps([stage.job_type, picture, stage.triggers(facts)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(document).hexdigest()[:32]


def plan(
    chain: Chain,
    facts: MediaFacts,
    verdicts: Verdicts,
    forced: AbstractSet[str] = frozenset(),
    barred: Mapping[str, str] = MappingProxyType({}),
) -> Verdicts:
    """The verdicts of one medium after looking at its facts once more.

    `forced` are the job types named by force requests that are honoured for the first time, `barred` those that are not
    to be done to this medium, with their reasons. A medium that the platform does not have, or whose picture is not
    inspected under its present mark, keeps its verdicts (P7); if nothing is to be done to it, nobody need look (33).
    """
    current = raise_forces(verdicts, forced)
    if not facts.exists:
        return current
    if not facts.inspected:
        return current if chain.wants(barred) else current | _leave_alone(chain, current, barred)
    current |= _release(chain, current, barred)
    for name in chain.off & current.keys():
        if not current[name].status.terminal:
            current[name] = _skip(current[name], "switched_off")
    for stage in chain.stages:
        current[stage.job_type] = _look(chain, stage, facts, current, barred)
    return current


def raise_forces(verdicts: Verdicts, forced: AbstractSet[str]) -> dict[str, Verdict]:
    """The verdicts with a new generation of the forced jobs, open until they are planned (13)."""
    return {**verdicts, **{name: _force(verdicts.get(name, Verdict())) for name in forced}}


def reopen_failed(verdicts: Verdicts, retried: AbstractSet[str]) -> dict[str, Verdict]:
    """The verdicts with a new generation of those that failed, open until they are planned (16)."""
    failed = {name for name in retried if name in verdicts and verdicts[name].status is Status.FAILED}
    return {**verdicts, **{name: replace(_force(verdicts[name]), forced=False) for name in failed}}


def close_deleted(verdicts: Verdicts) -> Verdicts:
    """The verdicts of a medium that is gone: what was open is skipped, what was terminal stands (26, 27)."""
    return {name: v if v.status.terminal else _skip(v, "media_deleted") for name, v in verdicts.items()}


def list_due(chain: Chain, verdicts: Verdicts) -> tuple[str, ...]:
    """The due job types that a medium is in line for, in chain order.

    All are of one model, that of the job to be tried first: one that waits for its next try lets others go ahead.
    """
    due = _list_all_due(chain, verdicts)
    first = min(due, key=lambda name: verdicts[name].run_at or AT_ONCE, default="")
    model = chain.models.of(first)
    return tuple(name for name in due if chain.models.of(name) == model)


def list_due_of(chain: Chain, verdicts: Verdicts, model: str) -> tuple[str, ...]:
    """The due job types of one model in chain order, whichever line the medium is in."""
    return tuple(name for name in _list_all_due(chain, verdicts) if chain.models.of(name) == model)


def list_announced(before: Verdicts, after: Verdicts) -> tuple[str, ...]:
    """The job types whose completion is to be announced: terminal now, and not with this outcome before (I4, P15)."""
    return tuple(
        name
        for name, verdict in after.items()
        if verdict.status.terminal and (name not in before or before[name].outcome != verdict.outcome)
    )


def _list_all_due(chain: Chain, verdicts: Verdicts) -> list[str]:
    names = (stage.job_type for stage in chain.stages)
    return [name for name in names if name in verdicts and verdicts[name].status is Status.DUE]


def _release(chain: Chain, verdicts: Verdicts, barred: Collection[str]) -> dict[str, Verdict]:
    """Jobs that were not chosen and are now: open until they are planned (34)."""
    return {
        name: _wait(verdict, "inspection")
        for name, verdict in verdicts.items()
        if verdict.status is Status.SKIPPED
        and verdict.reason in LEFT_OUT
        and name in chain.job_types
        and name not in barred
    }


def _leave_alone(chain: Chain, verdicts: Verdicts, barred: Mapping[str, str]) -> dict[str, Verdict]:
    """Nothing is done to a medium that may never have been inspected: what is done or failed stands (33)."""
    found = {stage.job_type: verdicts.get(stage.job_type, Verdict()) for stage in chain.stages}
    return {
        name: _skip(_take_up(verdict, verdict.fingerprint), barred[name])
        for name, verdict in found.items()
        if verdict.status not in (Status.DONE, Status.FAILED)
    }


def _force(verdict: Verdict) -> Verdict:
    """A force honoured for the first time: a new generation, open until it is planned (13)."""
    return Verdict(Status.WAITING, "inspection", verdict.fingerprint, verdict.generation + 1, forced=True)


def _take_up(verdict: Verdict, fingerprint: str | None) -> Verdict:
    """The verdict under the present fingerprint; another one, or a medium that is back, is a new generation (6, 29)."""
    if verdict.fingerprint in (None, fingerprint) and verdict.reason != "media_deleted":
        return verdict if verdict.fingerprint == fingerprint else replace(verdict, fingerprint=fingerprint)
    return Verdict(Status.WAITING, "", fingerprint, verdict.generation + 1, forced=verdict.forced)


def _look(chain: Chain, stage: Stage[Any], facts: MediaFacts, current: Verdicts, barred: Mapping[str, str]) -> Verdict:
    """The verdict of one stage, given those of the stages before it."""
    name = stage.job_type
    verdict = _take_up(current.get(name, _UNHEARD), take_fingerprint(stage, facts))
    if verdict.status in (Status.DONE, Status.FAILED):  # 7
        renewable = name in chain.neighbourly and name not in barred
        return _renew(stage, facts, verdict) if renewable else verdict
    if name in barred:  # 32
        return _skip(verdict, barred[name])
    if any(not current[upstream].status.terminal for upstream in chain.upstreams[name]):  # 2, 8
        return verdict if verdict.status is Status.SKIPPED else _wait(verdict, "upstream")
    if name in chain.foreign:
        return _await_foreign(stage, facts, verdict)
    return _ask(stage, facts, verdict)


def _ask(stage: Stage[Any], facts: MediaFacts, verdict: Verdict) -> Verdict:
    match stage.condition(facts):
        case Due():  # 3, 10, 11
            return _make_due(verdict)
        case Satisfied(reason):  # 4, 9
            return _make_due(verdict) if verdict.forced else _skip(verdict, reason)
        case Impossible(reason):  # 5, 9
            return _skip(verdict, reason)
        case Awaiting(reason):  # 8, 30
            return verdict if verdict.status is Status.SKIPPED else _wait(verdict, reason)


def _renew(stage: Stage[Any], facts: MediaFacts, verdict: Verdict) -> Verdict:
    """A job that is done is made anew when other media changed what the facts alone give; nobody is asked (31)."""
    if verdict.status is Status.DONE and stage.condition(facts) == Due() and stage.decide(facts) is not None:
        return Verdict(Status.DUE, "neighbours", verdict.fingerprint, verdict.generation + 1)
    return verdict


def _await_foreign(stage: Stage[Any], facts: MediaFacts, verdict: Verdict) -> Verdict:
    """Another program does this job: finished when its value is there or its completion was received."""
    arrived = stage.job_type in facts.foreign_completions or isinstance(stage.condition(facts), Satisfied | Impossible)
    return _skip(verdict, "not_ours") if arrived else _wait(verdict, "not_ours")


def _make_due(verdict: Verdict) -> Verdict:
    if verdict.status is Status.DUE:
        return verdict
    reason = "forced" if verdict.forced else ""
    return replace(verdict, status=Status.DUE, reason=reason, attempt=0, run_at=None)


def _wait(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, status=Status.WAITING, reason=reason)


def _skip(verdict: Verdict, reason: str) -> Verdict:
    if (verdict.status, verdict.reason, verdict.forced, verdict.attempt, verdict.run_at) == (
        Status.SKIPPED, reason, False, 0, None,
    ):  # fmt: skip
        return verdict
    return replace(verdict, status=Status.SKIPPED, reason=reason, forced=False, attempt=0, run_at=None)
