"""Finding out how each host is best asked: once for every server version and model, by all processes together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from bildwerk.sandbox.ollama import Simulated
from consumers.fleet import Fleet
from consumers.manners import Manners, identify
from consumers.swaps import Swaps
from db import hosts, leases, prefix_probes
from db.pool import Pool
from handlers.failures import Unavailable
from handlers.inference.client import InferenceOptions, Ollama
from handlers.inference.health import HostHealth
from handlers.inference.hosts import Host, parse_hosts
from handlers.inference.manner import Fusing, Manner
from handlers.inference.options import Layout
from tests.acceptance.polling import until
from tests.ledger import Ledger

Start = Callable[..., Awaitable[Simulated]]
OPTIONS = InferenceOptions("bildwerk-simulated", num_ctx=4096, layout=None)
SPEED = ("--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.01")


@asynccontextmanager
async def _fleet(
    pool: Pool, simulated: Simulated, fusing: Fusing = Fusing.AUTO, slots: int = 2, **changes: Any
) -> AsyncIterator[Fleet]:
    hosts = parse_hosts(f"{simulated.url}={slots}")
    async with Ollama(hosts, replace(OPTIONS, **changes)) as ollama:
        async with pool.acquire() as connection:
            await leases.register_slots(connection, [(host.name, host.slots) for host in hosts])
        fleet = Fleet(ollama, HostHealth(hosts), Manners(pool, ollama, fusing))
        await fleet.look()
        yield fleet


async def _learn(fleet: Fleet) -> Manner:
    """How the one host is asked, once it is known."""
    assert fleet.manners is not None
    (host,) = fleet.ollama.hosts

    async def known() -> Manner | None:
        assert fleet.manners is not None
        fleet.manners.learn(host, OPTIONS.model)
        return fleet.manners.of(host, OPTIONS.model)

    await until(known)
    manner = fleet.manners.of(host, OPTIONS.model)
    assert manner is not None
    return manner


async def _calls(simulated: Simulated) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control:
        calls: list[dict[str, Any]] = (await control.get("/control/calls")).json()["calls"]
    return calls


async def test_a_server_that_reuses_pictures_is_asked_job_by_job(pool: Pool, start_ollama: Start) -> None:
    """One question wakes it, two and two more that confirm them are enough; they are marked as a probe."""
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated) as fleet:
        assert fleet.available() == [], "nothing is asked of it before it is known how"
        assert list(fleet.away().values()) == ["not_probed"]
        assert await _learn(fleet) == Manner(Layout.TWO_USER_TURNS, fuses=False)
        assert len(fleet.available()) == 1
    calls = await _calls(simulated)
    assert [call["probe"] for call in calls] == [True] * 5


async def test_a_sliding_window_is_asked_for_all_jobs_at_once(pool: Pool, start_ollama: Start) -> None:
    """Every layout was tried, each with a picture of its own."""
    simulated = await start_ollama(2, *SPEED, "--attention", "sliding")
    async with _fleet(pool, simulated) as fleet:
        assert (await _learn(fleet)).fuses
    calls = await _calls(simulated)
    assert len(calls) == 7
    assert len({call["picture"] for call in calls}) == 4


@pytest.mark.parametrize(("fusing", "fuses"), [(Fusing.ALWAYS, True), (Fusing.NEVER, False)])
async def test_what_is_set_is_not_found_out(pool: Pool, start_ollama: Start, fusing: Fusing, fuses: bool) -> None:
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated, fusing, layout=Layout.GENERATE) as fleet:
        assert await _learn(fleet) == Manner(Layout.GENERATE, fuses)
        assert len(fleet.available()) == 1
    assert await _calls(simulated) == []


async def test_a_layout_that_is_set_is_kept_whatever_the_probe_finds(pool: Pool, start_ollama: Start) -> None:
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated, layout=Layout.READY_BETWEEN) as fleet:
        assert await _learn(fleet) == Manner(Layout.READY_BETWEEN, fuses=False)


async def test_what_was_found_out_is_remembered_for_all(pool: Pool, start_ollama: Start) -> None:
    """Another process does not ask again; another context length is another thing."""
    simulated = await start_ollama(2, *SPEED, "--attention", "sliding")
    async with _fleet(pool, simulated) as first:
        found = await _learn(first)
    before = len(await _calls(simulated))
    async with _fleet(pool, simulated) as second:
        assert await _learn(second) == found
    assert len(await _calls(simulated)) == before
    async with _fleet(pool, simulated, num_ctx=2048) as third:
        await _learn(third)
    assert len(await _calls(simulated)) > before


async def test_a_layout_that_is_refused_is_passed_over(pool: Pool, start_ollama: Start) -> None:
    """Some templates insist on alternating roles."""
    simulated = await start_ollama(2, *SPEED)
    async with httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control:
        rule = {"fault": "status", "status": 400, "next": 2}
        assert (await control.post("/control/faults", json=[rule])).is_success
    async with _fleet(pool, simulated) as fleet:
        assert await _learn(fleet) == Manner(Layout.READY_BETWEEN, fuses=False)


async def test_a_host_that_goes_away_while_it_is_probed_is_away(pool: Pool, start_ollama: Start) -> None:
    """Its breaker opens; nothing is remembered of it."""
    simulated = await start_ollama(2, *SPEED)
    async with httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control:
        assert (await control.post("/control/faults", json=[{"fault": "status", "status": 503}])).is_success
    async with _fleet(pool, simulated, layout=None) as fleet:
        assert fleet.manners is not None
        (host,) = fleet.ollama.hosts
        fleet.health.record(host, None, 0.0)
        fleet.manners.learn(host, OPTIONS.model)

        async def away() -> bool:
            return not fleet.health.available(1e9)

        fleet.health.hosts = [host]
        await until(away)
        assert fleet.manners.of(host, OPTIONS.model) is None
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.prefix_probes") == 0


async def test_a_host_whose_runner_crashes_over_the_probe_is_away(pool: Pool, start_ollama: Start) -> None:
    """That picture was made up: whoever's comes next would crash it, too. It is probed again when it is back."""
    simulated = await start_ollama(2, *SPEED)
    async with (
        _fleet(pool, simulated) as fleet,
        httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control,
    ):
        assert (await control.post("/control/faults", json=[{"fault": "runner_crash"}])).is_success
        assert fleet.manners is not None
        (host,) = fleet.ollama.hosts
        fleet.manners.learn(host, OPTIONS.model)

        async def away() -> bool:
            return fleet.away() == {host.name: "runner_crashed"}

        await until(away)
        assert fleet.manners.of(host, OPTIONS.model) is None
        await control.delete("/control/faults")
        await fleet.look()
        assert await _learn(fleet) == Manner(Layout.TWO_USER_TURNS, fuses=False)
        assert len(fleet.available()) == 1


async def test_two_that_find_out_at_once_do_not_disturb_each_other(pool: Pool, start_ollama: Start) -> None:
    """On a server with one slot each would push the other's picture out, and the wrong result would stand for good."""
    simulated = await start_ollama(1, *SPEED)
    async with _fleet(pool, simulated, slots=1) as one, _fleet(pool, simulated, slots=1) as other:
        found = await asyncio.gather(_learn(one), _learn(other))
    assert [manner.fuses for manner in found] == [False, False]
    assert len(await _calls(simulated)) == 5
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 0


async def test_where_models_are_swapped_a_probe_waits_for_the_whole_host_and_keeps_it_free_no_longer(
    pool: Pool, start_ollama: Start
) -> None:
    """Reserved while a call is under way; open again as soon as somebody else has found out."""
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated) as fleet, pool.acquire() as connection:
        manners = fleet.manners
        assert manners is not None
        manners.swaps = True
        (host,) = fleet.ollama.hosts
        await hosts.register(connection, [host.name])
        busy = await leases.claim_slot(connection, manners.owner, timedelta(seconds=60), host.name, host.slots)
        assert busy is not None

        async def reserved() -> bool:
            manners.learn(host, OPTIONS.model)
            return (await hosts.lock(connection, [(host.name, host.slots)]))[0].reserved

        await until(reserved)
        assert await _calls(simulated) == []
        report = fleet.ollama.last_report(host)
        assert report is not None
        server = identify(report, OPTIONS.model, OPTIONS.num_ctx)
        await prefix_probes.keep(connection, server, Layout.GENERATE.value, 0.05)
        assert (await _learn(fleet)).layout is Layout.GENERATE
        assert not (await hosts.lock(connection, [(host.name, host.slots)]))[0].reserved
    assert await _calls(simulated) == []


@asynccontextmanager
async def _probing(
    pool: Pool, simulated: Simulated, seconds: float = 60.0, **changes: Any
) -> AsyncIterator[tuple[Fleet, Manners, Host, httpx.AsyncClient]]:
    """A host that takes the first call of a probe and never answers it; leases last `seconds`."""
    async with (
        _fleet(pool, simulated, **changes) as fleet,
        httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control,
    ):
        manners = fleet.manners
        assert manners is not None
        manners.lease = timedelta(seconds=seconds)
        assert (await control.post("/control/faults", json=[{"fault": "hang"}])).is_success
        (host,) = fleet.ollama.hosts
        async with pool.acquire() as connection:
            await hosts.register(connection, [host.name])

        async def reading() -> bool:
            manners.learn(host, OPTIONS.model)
            return bool((await control.get("/control/state")).json()["running"])

        await until(reading)
        yield fleet, manners, host, control
        await control.delete("/control/faults")


async def _count_busy(pool: Pool) -> int:
    busy = "SELECT count(*) FROM bildwerk.slots WHERE owner IS NULL AND busy_until > now()"
    return int(await pool.fetchval(busy))


async def test_a_probe_that_is_given_up_keeps_its_slots_as_long_as_the_server_may_read(
    ledger: Ledger, start_ollama: Start
) -> None:
    """Another process would swap the model under a call that goes on."""
    await ledger.add("a.jpg", "f1")
    async with _probing(ledger.pool, await start_ollama(2, *SPEED)) as (_, manners, host, _control):
        await manners.stop()
        assert await _count_busy(ledger.pool) == 1
        await ledger.pool.execute("UPDATE bildwerk.slots SET busy_until = NULL")
        manners.swaps = True
        manners.learn(host, OPTIONS.model)

        async def taken() -> bool:
            return bool(await ledger.pool.fetchval("SELECT count(*) = 2 FROM bildwerk.slots WHERE owner IS NOT NULL"))

        await until(taken)
        await manners.stop()
        assert await _count_busy(ledger.pool) == 2
        other = Swaps({"other": ("ollama_caption",)}, lambda _host: ("other",))
        async with ledger.pool.acquire() as connection:
            claim = other.claim(connection, uuid4(), timedelta(seconds=60), [(host.name, host.slots)])
            assert await claim is None
            await connection.execute("UPDATE bildwerk.slots SET busy_until = NULL")
            assert await other.claim(connection, uuid4(), timedelta(seconds=60), [(host.name, host.slots)]) is not None


async def test_a_probe_that_gets_no_answer_in_time_keeps_its_slot_for_as_long(pool: Pool, start_ollama: Start) -> None:
    async with _probing(pool, await start_ollama(2, *SPEED), total_timeout=2.0) as (fleet, _, host, _control):

        async def away() -> bool:
            return fleet.away() == {host.name: "timeout"}

        await until(away)
        await until(lambda: _count_busy(pool))


@pytest.mark.parametrize("how", ["taken", "not renewed"])
async def test_a_probe_whose_slot_may_be_somebody_elses_is_given_up(pool: Pool, start_ollama: Start, how: str) -> None:
    """I8. Whoever has it now keeps it."""
    async with (
        _probing(pool, await start_ollama(2, *SPEED), seconds=9.0) as (_, manners, _host, control),
        pool.acquire() as other,
    ):
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM bildwerk.slots FOR UPDATE")  # heartbeats wait
        if how == "taken":
            await other.execute(
                "UPDATE bildwerk.slots SET owner = $1, lease_no = lease_no + 1, until = now() + interval '1 h'", uuid4()
            )
            await transaction.commit()

        async def given_up() -> bool:
            return bool((await control.get("/control/calls")).json()["calls"][0]["given_up"])

        await until(given_up, 60.0)
        if how == "taken":
            await manners.stop()
            assert await _count_busy(pool) == 0
            assert await pool.fetchval("SELECT owner IS NOT NULL FROM bildwerk.slots WHERE number = 0")
        else:
            await transaction.rollback()
            await manners.stop()


async def test_a_look_that_fails_does_not_make_a_host_a_stranger(pool: Pool, start_ollama: Start) -> None:
    """A call that was under way closes the breaker after it: the host gets work again."""
    simulated = await start_ollama(2, *SPEED)
    async with (
        _fleet(pool, simulated) as fleet,
        httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control,
    ):
        await _learn(fleet)
        (host,) = fleet.ollama.hosts
        fleet.health.record(host, Unavailable("server_busy"), monotonic())
        away = {"fault": "status", "status": 503, "match": {"host": True}}
        assert (await control.post("/control/faults", json=[away])).is_success
        assert (await fleet._look_at(host)).problem is not None
        fleet.health.record(host, None, monotonic(), monotonic())

        assert [name for name, _ in fleet.available()] == [host.name]


async def test_what_could_not_be_kept_holds_for_this_process(
    pool: Pool, start_ollama: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that were made are not made again and again."""

    async def refuse(*_: object) -> None:
        raise asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(prefix_probes, "keep", refuse)
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated) as fleet:
        assert await _learn(fleet) == Manner(Layout.TWO_USER_TURNS, fuses=False)
    assert len(await _calls(simulated)) == 5


async def test_a_layout_that_is_set_is_judged_by_itself(pool: Pool, start_ollama: Start) -> None:
    """What another one rewards is nothing to it: those before that one were tried, and not rewarded."""
    simulated = await start_ollama(2, *SPEED)
    async with _fleet(pool, simulated, layout=Layout.TWO_USER_TURNS) as fleet:
        (report,) = fleet.reports().values()
        assert report is not None
        server = identify(report, OPTIONS.model, OPTIONS.num_ctx)
        async with pool.acquire() as connection:
            await prefix_probes.keep(connection, server, Layout.GENERATE.value, 0.05)
        assert await _learn(fleet) == Manner(Layout.TWO_USER_TURNS, fuses=True)
