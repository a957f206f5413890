"""A finish, and a person's hand on the same value."""

from handlers.runner.finishing import Job
from tests.ledger_rules.actors import editing, finishing
from tests.ledger_rules.barriers import Order
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.pairs import Acts, Verify, pair
from tests.ledger_rules.pairs_of_finishing import SAID, calling
from tests.ledger_rules.rows_of_planning import done
from tests.ledger_rules.steps import say


def persons(value: str | None) -> Verify:
    """I17: whenever the hand comes, what it did stands; the job is done all the same."""

    async def verify(bench: Bench, order: Order) -> None:  # noqa: ARG001
        assert (await bench.ledger.verdict(bench.media_id, "a"))["status"] == "done"
        assert (await bench.ledger.meta(bench.media_id)).get(SAID) == value

    return verify


async def forced_again(bench: Bench) -> Job:
    """Our value is there, and is being made anew by force."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.begin()
    assert bench.job is not None
    return bench.job


@pair(persons("mine"))
async def finish_and_a_persons_edit(bench: Bench) -> Acts:
    """P17."""
    job = await forced_again(bench)
    edit = editing("UPDATE media_meta SET value = '\"mine\"' WHERE media_id = $1", bench.media_id)
    return finishing(bench.ledger.planner, job, say("anew")), edit


@pair(persons(None))
async def finish_and_a_persons_deletion(bench: Bench) -> Acts:
    """P17: one upsert for both cases would undo it."""
    job = await forced_again(bench)
    delete = editing("DELETE FROM media_meta WHERE media_id = $1", bench.media_id)
    return finishing(bench.ledger.planner, job, say("anew")), delete


@pair(persons("mine"))
async def finish_and_a_persons_own_value(bench: Bench) -> Acts:
    """P17: where there was none."""
    job = await calling(bench)
    write = (
        "INSERT INTO media_meta VALUES ($1, 'ollama.a', '\"mine\"')"
        " ON CONFLICT (media_id, key) DO UPDATE SET value = excluded.value"
    )
    return finishing(bench.ledger.planner, job), editing(write, bench.media_id)


async def locked(bench: Bench, order: Order) -> None:  # noqa: ARG001
    """I17, P17: as of the writing statement, what is locked is not touched."""
    verdict = await bench.ledger.verdict(bench.media_id, "a")
    value = (await bench.ledger.meta(bench.media_id))[SAID]
    assert (verdict["reason"], value) in (("", "anew"), ("kept", "said"))


@pair(locked)
async def finish_and_a_persons_lock(bench: Bench) -> Acts:
    """P17."""
    job = await forced_again(bench)
    lock = editing("INSERT INTO media_meta VALUES ($1, 'locks', '[\"a\"]')", bench.media_id)
    return finishing(bench.ledger.planner, job, say("anew")), lock
