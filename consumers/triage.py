"""What the messages of a batch ask for, decided purely."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from consumers.reader import Message
from contracts.codec import Decoded, Ignored, decode
from contracts.dead_letters import KEPT_BYTES, DeadLetter, Origin, bound
from contracts.events import MediaUpdated, StageCompleted
from contracts.json_objects import MAX_BYTES, Undecodable
from contracts.keys import PLACE, names_medium
from handlers.runner.planning import Force, PlanRequest


@dataclass(frozen=True, slots=True)
class Rules:
    """Our job types, those of them that another program does, how much of an event we take and keep, and its key."""

    job_types: frozenset[str]
    foreign_job_types: frozenset[str] = frozenset()
    max_bytes: int = MAX_BYTES
    kept_bytes: int = KEPT_BYTES
    key: str = PLACE


@dataclass
class Triage:
    """Media to be planned, our own completions with their plan numbers, foreign ones, dead letters, oddities by code.

    `ignored` counts what is well-formed but not for us: unknown_type, unknown_job_type; and key_mismatch, which is
    taken. `dead` says of every message whether it became a dead letter.
    """

    requests: list[PlanRequest] = field(default_factory=list)
    echoes: list[tuple[int, PlanRequest]] = field(default_factory=list)
    completions: list[tuple[int, str]] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    dead: list[bool] = field(default_factory=list)


def triage(messages: Iterable[Message], source: str, rules: Rules) -> Triage:
    """Sort messages; `source` is this installation's own, so that its echo is known (P19)."""
    sorted_out = Triage()
    for message in messages:
        try:
            decoded = _decode(message, rules)
        except Undecodable as problem:
            sorted_out.letters.append(make_letter(message, rules, problem.reason, problem.detail))
            sorted_out.dead.append(True)
            continue
        sorted_out.dead.append(False)
        if isinstance(decoded, Ignored):
            sorted_out.ignored["unknown_type"] += 1
        else:
            _take(sorted_out, message, decoded, source, rules)
    return sorted_out


def _decode(message: Message, rules: Rules) -> Decoded | Ignored:
    if message.problem:
        raise Undecodable(message.problem)
    return decode(message.topic, message.value, message.headers, rules.max_bytes)


def make_letter(message: Message, rules: Rules, reason: str, detail: str = "") -> DeadLetter:
    """The dead letter of a message."""
    return DeadLetter(_origin(message, rules), reason, detail)


def _take(into: Triage, message: Message, decoded: Decoded, source: str, rules: Rules) -> None:
    event = decoded.event
    if message.key is not None and not names_medium(message.key, event.media_id, rules.key):
        into.ignored["key_mismatch"] += 1
    if isinstance(event, StageCompleted):
        _take_completion(into, message, decoded, event, source, rules)
        return
    force = batch = None
    if isinstance(event, MediaUpdated):
        batch = event.score_batch
        into.ignored["unknown_job_type"] += len(set(event.job_types) - rules.job_types)
        if event.force:
            force = Force(force_id(message, decoded), event.job_types, event.cascade)
    into.requests.append(PlanRequest(event.media_id, force, event.priority, _source(message, rules), batch))


def _take_completion(
    into: Triage, message: Message, decoded: Decoded, event: StageCompleted, source: str, rules: Rules
) -> None:
    if event.job_type not in rules.job_types:
        into.ignored["unknown_job_type"] += 1
        return
    request = PlanRequest(event.media_id, source=_source(message, rules))
    if decoded.source == source:
        into.echoes.append((event.plan_no or 0, request))
        return
    if event.job_type in rules.foreign_job_types:
        into.completions.append((event.media_id, event.job_type))
    into.requests.append(request)


def force_id(message: Message, decoded: Decoded) -> str:
    """The event's source and id, or where it is and what it is: an embedded broker starts again at offset 0 (P21)."""
    if decoded.event_id is not None:
        return hashlib.sha256(f"{decoded.source}\n{decoded.event_id}".encode()).hexdigest()
    digest = hashlib.sha256(message.value or b"").hexdigest()
    return ":".join([*map(str, message.coordinates), digest[:32]])


def _origin(message: Message, rules: Rules) -> Origin:
    return bound(message.coordinates, message.key, message.value, message.headers, rules.kept_bytes)


def _source(message: Message, rules: Rules) -> JsonValue:
    return _origin(message, rules).to_json()
