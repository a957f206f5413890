"""Writing the effects of a settled job: all that may be, each under its own condition, in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from contracts.effects import AddLifecycleEvent, AddPrompt, Effect, Effects, PutMeta, PutOpinions, PutTags, SetQuality
from contracts.facts import QUALITY_SCORE, QUALITY_STATUS, MediaFacts, Standing, Written
from db import duplicates, effects, inspections, leases, tags
from db.facts import Snapshot
from db.pool import Connection
from handlers.runner.settling import select_effects

OPTIONAL_WRITES = frozenset({"provenance", "tags", "quality", "events", "prompts"})
"""What a platform may leave switched off: everything but our own `media_meta` values (R7)."""


class MarkMoved(Exception):
    """The platform touched the medium's row during the call: read the bytes again, then finish once more (P5)."""

    def __init__(self, mark: str | None) -> None:
        super().__init__(mark)
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Origin:
    """The run whose effects are written; no model when rules decided."""

    run_id: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the effects: whether a field was kept for somebody else, and the facts after our own writes."""

    kept: bool
    facts: MediaFacts


@dataclass(frozen=True, slots=True)
class EffectWriter:
    """Writes effects; of the optional ones only those in `writes`, and of the quality only these `columns`."""

    writes: frozenset[str] = OPTIONAL_WRITES
    columns: frozenset[str] = frozenset({QUALITY_STATUS, QUALITY_SCORE})

    async def write(
        self, connection: Connection, snapshot: Snapshot, wanted: Effects, origin: Origin, *, forced: bool
    ) -> Outcome:
        """Write what may be written. Raises `MarkMoved`, which must roll the transaction back."""
        facts, kept, any_written, refused = snapshot.facts, False, False, False
        for effect in select_effects(facts, wanted, forced=forced):
            match effect:
                case PutMeta(key, value):
                    written = await effects.put_meta(
                        connection, facts, PutMeta(key, _stamp(value, origin)), origin.run_id
                    )
                    any_written, refused = any_written or written, refused or not written
                case _ if not refused:  # the rest tells of a result that is there
                    facts, complete = await self._write_beside(connection, facts, effect, origin)
                    kept = kept or not complete
        if any_written and origin.model and "provenance" in self.writes:
            moment = snapshot.now.isoformat(timespec="seconds")
            for told in (PutMeta("ollama.model", origin.model), PutMeta("ollama.last_run_at", moment)):
                await effects.put_meta(connection, facts, told, origin.run_id)
        held = any(isinstance(e, PutMeta) and facts.standing(e.key) is Standing.KEPT for e in wanted)
        return Outcome(kept or refused or held, facts)

    async def _write_beside(
        self, connection: Connection, facts: MediaFacts, effect: Effect, origin: Origin
    ) -> tuple[MediaFacts, bool]:
        """Write an optional effect: the facts after it, and whether nothing was somebody else's."""
        match effect:
            case SetQuality() if "quality" in self.writes:
                return await self._set_quality(connection, facts, effect, origin)
            case AddLifecycleEvent(name, payload) if "events" in self.writes:
                stamped = AddLifecycleEvent(name, {**payload, "run": origin.run_id})
                await effects.add_event(connection, facts.media_id, stamped)
            case PutTags(wanted) if "tags" in self.writes:
                await tags.put(connection, facts, wanted, origin.run_id)
            case PutOpinions(opinions):
                await duplicates.opine(connection, facts.media_id, origin.run_id, opinions)
            case AddPrompt() if "prompts" in self.writes:
                await effects.add_prompt(connection, facts.media_id, effect, origin.run_id)
            case _:
                pass
        return facts, True

    async def _set_quality(
        self, connection: Connection, facts: MediaFacts, effect: SetQuality, origin: Origin
    ) -> tuple[MediaFacts, bool]:
        """The facts after the columns that were ours to write, and whether that was all of them."""
        columns: dict[str, str | float] = {QUALITY_STATUS: effect.status}
        if effect.score is not None:
            columns[QUALITY_SCORE] = effect.score
        complete = True
        for column, value in columns.items():
            if column not in self.columns:
                continue
            mark = await effects.set_column(connection, facts, column, value, origin.run_id)
            if mark is None:
                await _require_mark(connection, facts)
                complete = False
                continue
            await leases.accept_mark(connection, facts.media_id, mark)
            facts = _with_column(facts, column, value, mark)
        return facts, complete


async def _require_mark(connection: Connection, facts: MediaFacts) -> None:
    mark = await inspections.current_mark(connection, facts.media_id)
    if mark != facts.inspected_mark:
        raise MarkMoved(mark)


def _with_column(facts: MediaFacts, column: str, value: str | float, mark: str) -> MediaFacts:
    written: Mapping[str, Written] = {**facts.written, column: Written(value, facts.content_hash)}
    after = replace(facts, mark=mark, inspected_mark=mark, written=written)
    return replace(after, quality_status=value) if isinstance(value, str) else replace(after, quality_score=value)


def _stamp(value: JsonValue, origin: Origin) -> JsonValue:
    """Objects name the run that made them."""
    return {**value, "run": origin.run_id} if isinstance(value, dict) else value
