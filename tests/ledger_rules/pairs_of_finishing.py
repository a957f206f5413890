"""A finish, and everything that may come in between."""

from dataclasses import replace
from typing import Any

from handlers.chain import Chain
from handlers.runner.finishing import Finished, Job
from handlers.runner.planning import Planner
from tests.ledger_rules.actors import (
    Files,
    editing,
    finishing,
    inspecting,
    intake,
    purging,
    relaying,
    settling_blindly,
)
from tests.ledger_rules.barriers import Order
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.invariants import read_told
from tests.ledger_rules.pairs import Acts, pair
from tests.ledger_rules.rows_of_planning import done, new
from tests.ledger_rules.steps import Step, say

FACTS = r"FOR UPDATE|LEFT JOIN public|media_meta|\bmedia SET|FROM media|COMMIT"
"""Statements that lock a medium, or read or write what the platform has of it."""
DONE, SAID = Finished.SETTLED, "ollama.a"


async def calling(bench: Bench, name: str = "a") -> Job:
    """The model is at work on the first job of a new medium."""
    await new(bench)
    await bench.begin(name)
    assert bench.job is not None
    return bench.job


async def settles(bench: Bench, order: Order) -> None:
    """The answer is kept."""
    assert order.results[0] is DONE
    assert (await bench.ledger.meta(bench.media_id))[SAID] == "said"


@pair(settles)
async def finish_and_event(bench: Bench) -> Acts:
    job = await calling(bench)
    return finishing(bench.ledger.planner, job), intake(bench.ledger.planner, bench.media_id)


@pair(settles, serial=False, stops=FACTS)
async def finish_and_event_of_a_touched_row(bench: Bench) -> Acts:
    """P5: a touched row costs no answer."""
    job = await calling(bench)
    touch = editing("UPDATE media SET updated_at = updated_at + interval '1 s' WHERE id = $1", bench.media_id)
    plan = intake(bench.ledger.planner, bench.media_id)

    async def touch_and_tell(connection: Any) -> None:
        await touch(connection)
        await plan(connection)

    return finishing(bench.ledger.planner, job), touch_and_tell


async def drops(bench: Bench, order: Order) -> None:
    """I9: an answer about other pixels is never written."""
    assert order.results[0] is Finished.SUPERSEDED
    assert SAID not in await bench.ledger.meta(bench.media_id)
    verdict = await bench.ledger.verdict(bench.media_id, "a")
    assert (verdict["status"], verdict["generation"]) == ("due", 1)


@pair(drops, serial=False, stops=FACTS)
async def finish_and_new_pixels(bench: Bench) -> Acts:
    """P5, P2, P6: the file was replaced, its mark moved, and the inspector has just read the new bytes."""
    job = await calling(bench)
    await bench.ledger.touch(bench.media_id)
    mark = await bench.ledger.pool.fetchval("SELECT bildwerk.source_mark(path, updated_at, hash) FROM media")
    planner = bench.ledger.planner
    return finishing(planner, job, files=Files("f2")), inspecting(planner, bench.media_id, mark, "f2")


async def one_effect(bench: Bench, order: Order) -> None:
    """I1: whoever holds the lease settles, whoever lost it does not."""
    assert order.results == (Finished.LEASE_LOST, DONE)
    assert (await bench.ledger.meta(bench.media_id))[SAID] == "the new owner"


@pair(one_effect, stops=FACTS)
async def finish_and_finish_of_the_next_owner(bench: Bench) -> Acts:
    late = await calling(bench)
    await bench.expire()
    await bench.begin()
    assert bench.job is not None
    planner = bench.ledger.planner
    return finishing(planner, late, say("too late")), finishing(planner, bench.job, say("the new owner"))


async def one_of_both(bench: Bench, order: Order) -> None:
    """I1, P3: the second one settles nothing."""
    assert {*order.results} == {DONE, Finished.SUPERSEDED}
    said = "once" if order.results[0] is DONE else "twice"
    assert (await bench.ledger.meta(bench.media_id))[SAID] == said


@pair(one_of_both)
async def finish_and_finish_again(bench: Bench) -> Acts:
    """P3: a commit of which nobody knows, and a blind repetition, at the same time."""
    job = await calling(bench)
    planner = bench.ledger.planner
    return settling_blindly(planner, job, "once"), settling_blindly(planner, job, "twice")


async def forced_once(bench: Bench, order: Order) -> None:
    """P10, P13: whenever the force comes, the job runs once more after it."""
    verdict = await bench.ledger.verdict(bench.media_id, "a")
    assert (verdict["status"], verdict["generation"], verdict["forced"]) == ("due", 1, True)
    told = (await read_told(bench.ledger.pool)).get((bench.media_id, "a"), [])
    assert told == ([("done", "", 0)] if order.results[0] is DONE else [])


@pair(forced_once)
async def finish_and_force(bench: Bench) -> Acts:
    """P10, P13."""
    job = await calling(bench)
    return finishing(bench.ledger.planner, job), intake(bench.ledger.planner, bench.media_id, AGAIN)


async def not_too_early(bench: Bench, order: Order) -> None:
    """P3: b is settled before its upstream is forced, or not at all."""
    verdict = await bench.ledger.verdict(bench.media_id, "b")
    assert verdict["status"] == ("done" if order.results[0] is DONE else "waiting")


@pair(not_too_early)
async def finish_and_force_of_an_upstream(bench: Bench) -> Acts:
    await done(bench, "a")
    await bench.begin("b")
    assert bench.job is not None
    return finishing(bench.ledger.planner, bench.job), intake(bench.ledger.planner, bench.media_id, AGAIN)


async def child_once(bench: Bench, order: Order) -> None:  # noqa: ARG001
    """F22, I10: the child is due exactly once, whoever comes last."""
    child = await bench.ledger.verdict(bench.media_id, "child")
    assert (child["status"], child["generation"]) == ("due", 0)
    assert (await bench.row())["due"] == ["child"]


def join(*foreign: str) -> Planner:
    """A child of two; other programs do those named."""
    return Planner(Chain((Step("a"), Step("b"), Step("child", after=("a", "b"))), frozenset(foreign)))


@pair(child_once, stops=f"{FACTS}|INSERT")
async def completion_and_completion(bench: Bench) -> Acts:
    """F22, P1: two programs complete the two upstreams, and two consumers take it in."""
    bench.ledger = replace(bench.ledger, planner=join("a", "b"))
    await new(bench)
    planner = bench.ledger.planner
    return intake(planner, bench.media_id, completed="a"), intake(planner, bench.media_id, completed="b")


@pair(child_once, stops=f"{FACTS}|foreign_completions")
async def finish_and_completion(bench: Bench) -> Acts:
    """F22, P1: we finish one upstream while another program completes the other one."""
    bench.ledger = replace(bench.ledger, planner=join("b"))
    job = await calling(bench)
    planner = bench.ledger.planner
    return finishing(planner, job), intake(planner, bench.media_id, completed="b")


async def nothing_written(bench: Bench, order: Order) -> None:
    """I9: a tombstone takes no answer, and the lease number goes on."""
    assert order.results == (Finished.LEASE_LOST, 1)
    assert await bench.ledger.meta(bench.media_id) == {}
    assert (await bench.row())["purged_at"] is not None


@pair(nothing_written)
async def finish_and_purge(bench: Bench) -> Acts:
    """P22: the medium is gone, the lease has expired, and its worker comes back."""
    job = await calling(bench)
    await bench.expire()
    await bench.delete()
    return finishing(bench.ledger.planner, job), purging


async def gone(bench: Bench, order: Order) -> None:
    """26: whatever was written went with the medium; every job ends."""
    assert await bench.ledger.meta(bench.media_id) == {}
    verdict = await bench.ledger.verdict(bench.media_id, "a")
    assert (verdict["status"], verdict["reason"]) in (("done", ""), ("skipped", "media_deleted"))
    assert (order.results[0] is DONE) is (verdict["status"] == "done")


@pair(gone, serial=False, stops=FACTS)
async def finish_and_deletion(bench: Bench) -> Acts:
    job = await calling(bench)
    delete, plan = (
        editing("DELETE FROM media WHERE id = $1", bench.media_id),
        intake(bench.ledger.planner, bench.media_id),
    )

    async def delete_and_tell(connection: Any) -> None:
        await delete(connection)
        await plan(connection)

    return finishing(bench.ledger.planner, job), delete_and_tell


async def told_in_order(bench: Bench, order: Order) -> None:
    """I5-I7: what is committed is sent once, in order, or is still to be sent; nothing else is."""
    left = [
        row["id"]
        for row in await bench.ledger.pool.fetch("SELECT event_id::text AS id FROM bildwerk.outbox ORDER BY id")
    ]
    finished, sent = order.results
    assert finished is DONE
    assert len(sent) in (1, 2)
    assert len({*sent, *left}) == len(sent) + len(left) == 2


@pair(told_in_order, relayed=True, serial=False, stops="outbox|advisory|COMMIT")
async def finish_and_relay(bench: Bench) -> Acts:
    """P20."""
    await done(bench, "a")
    await bench.begin("b")
    assert bench.job is not None
    return finishing(bench.ledger.planner, bench.job), relaying


async def told_once(bench: Bench, order: Order) -> None:
    """I5: one relay at a time; the other one finds nothing, or is told so."""
    first, second = order.results
    assert [len(first), len(second)] in ([3, 0], [0, 3])
    assert await bench.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") == 0


@pair(told_once, relayed=True, serial=False)
async def relay_and_relay(bench: Bench) -> Acts:
    """P20."""
    await done(bench, "a", "b", "c")
    return relaying, relaying
