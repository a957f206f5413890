"""Writing what a job found, unless somebody else holds the field by then."""

from pydantic import JsonValue

from contracts.effects import AddLifecycleEvent, AddPrompt, PutMeta
from contracts.facts import QUALITY_SCORE, QUALITY_STATUS, RECONSTRUCTED, MediaFacts
from db.pool import Connection
from db.queries import load

COLUMNS = {QUALITY_STATUS: "effects_set_quality_status", QUALITY_SCORE: "effects_set_quality_score"}


async def put_meta(connection: Connection, facts: MediaFacts, effect: PutMeta, run_id: int) -> bool:
    """Write one value and remember that it is ours; False when a person or the platform holds the field (I17).

    `facts` tell our last value of the field; whether it still stands is decided in the writing statement.
    """
    sql = load("effects")
    last = facts.written.get(effect.key)
    ours = facts.media_id, effect.key, effect.value, facts.content_hash, run_id
    if last is None:
        result = await connection.execute(sql["effects_insert_meta"], *ours)
    else:
        result = await connection.execute(sql["effects_replace_meta"], *ours, last.value)
    return not result.endswith(" 0")


async def set_column(
    connection: Connection, facts: MediaFacts, column: str, value: str | float, run_id: int
) -> str | None:
    """Write one of `COLUMNS` and remember that it is ours: the medium's source mark after it.

    None when somebody else holds the column, or when the platform's row no longer has the inspected mark (P6).
    """
    sql = load("effects")
    last = facts.written.get(column)
    mark: str | None = await connection.fetchval(
        sql[COLUMNS[column]], facts.media_id, value, last and last.value, facts.inspected_mark
    )
    if mark is not None:
        await _remember(connection, facts, column, value, run_id)
    return mark


async def add_event(connection: Connection, media_id: int, event: AddLifecycleEvent) -> None:
    """Add a row to the platform's lifecycle events."""
    await connection.execute(load("effects")["effects_add_event"], media_id, event.type, dict(event.payload))


async def add_prompt(connection: Connection, media_id: int, effect: AddPrompt, run_id: int) -> None:
    """Add a row to the medium's `prompt_history`, one per distinct result; a deleted one stays deleted."""
    await connection.execute(
        load("effects")["effects_add_prompt"], media_id, effect.prompt, effect.negative_prompt, effect.confidence,
        RECONSTRUCTED, run_id,
    )  # fmt: skip


async def _remember(connection: Connection, facts: MediaFacts, field: str, value: JsonValue, run_id: int) -> None:
    await connection.execute(
        load("effects")["effects_remember"], facts.media_id, field, value, facts.content_hash, run_id
    )
