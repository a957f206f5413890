"""Writing what a job found, unless somebody else holds the field by then."""

from contracts.effects import PutMeta
from contracts.facts import MediaFacts
from db.pool import Connection
from db.queries import load


async def put_meta(connection: Connection, facts: MediaFacts, effect: PutMeta, run_id: int) -> bool:
    """Write one value and remember that it is ours; False when a person or the platform holds the field (I17).

    `facts` tell our last value of the field; whether it still stands is decided in the writing statement.
    """
    sql = load("effects")
    last = facts.written.get(effect.key)
    if last is None:
        result = await connection.execute(sql["effects_insert_meta"], facts.media_id, effect.key, effect.value)
    else:
        result = await connection.execute(
            sql["effects_replace_meta"], facts.media_id, effect.key, effect.value, last.value
        )
    if result.endswith(" 0"):
        return False
    await connection.execute(
        sql["effects_remember"], facts.media_id, effect.key, effect.value, facts.content_hash, run_id
    )
    return True
