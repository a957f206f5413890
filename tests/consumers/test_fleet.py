"""Hosts as workers see them: whom a crash is blamed on, and what one that was away has to show first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bildwerk.sandbox.ollama import Simulated
from consumers.fleet import TRIAL_WAIT, Fleet
from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.inference.client import InferenceOptions, Ollama, Reply
from handlers.inference.health import Breaker, HostHealth
from handlers.inference.hosts import Host, parse_hosts
from handlers.inference.prefix_probe import make_control
from tests.acceptance.polling import until

Start = Callable[..., Awaitable[Simulated]]
OPTIONS = InferenceOptions("bildwerk-simulated", num_ctx=4096)
SPEED = ("--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.01")


@dataclass
class Ward:
    """A fleet of one host, and what a test does to it."""

    fleet: Fleet
    host: Host
    control: httpx.AsyncClient
    sent: asyncio.Event = field(default_factory=asyncio.Event)

    async def spoil(self, fault: str, **rule: Any) -> None:
        answer = await self.control.post("/control/faults", json=[{"fault": fault, **rule}])
        assert answer.is_success, answer.text

    async def heal(self) -> None:
        assert (await self.control.delete("/control/faults")).is_success

    async def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = (await self.control.get("/control/calls")).json()["calls"]
        return calls

    async def ask(self) -> Reply:
        """Ask about a picture that was never seen."""
        return await self.fleet.ask(self.host.name, make_control(OPTIONS.model), self.sent.set)

    async def ask_at_once(self, number: int) -> list[Any]:
        """What each of so many calls ends in."""
        return await asyncio.gather(*(self.ask() for _ in range(number)), return_exceptions=True)

    async def run(self, number: int) -> bool:
        """Whether so many calls are under way."""
        return bool((await self.control.get("/control/state")).json()["running"] == number)

    async def see_two_together(self) -> None:
        """Return when two calls made at once were under way together; fails when they are not."""
        await self.spoil("hang", next=2)
        asking = asyncio.gather(self.ask(), self.ask())
        await until(lambda: self.run(2))
        await self.heal()
        await asking

    async def be_away(self) -> None:
        """Put the host on probation: it was away, and a look finds it well."""
        self.fleet.health.record(self.host, Unavailable("unreachable"), monotonic())
        await self.fleet.look()
        assert self.fleet.health.breaker(self.host).is_on_probation


@asynccontextmanager
async def _ward(simulated: Simulated, **changes: Any) -> AsyncIterator[Ward]:
    hosts = parse_hosts(f"{simulated.url}=4")
    options = replace(OPTIONS, **changes)
    async with (
        Ollama(hosts, options) as ollama,
        httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control,
    ):
        yield Ward(Fleet(ollama, HostHealth(hosts)), hosts[0], control)


@pytest.mark.parametrize(
    ("architecture", "slots", "warned"), [("qwen35", 4, True), ("qwen35", 1, False), ("gemma3", 4, False)]
)
async def test_slots_that_only_queue_at_a_server_are_told_of(
    start_ollama: Start, architecture: str, slots: int, warned: bool
) -> None:
    """Whichever of the models it is that Ollama runs one call at a time."""
    simulated = await start_ollama(slots, *SPEED, "--recorded-models", "--architecture", architecture)
    hosts = parse_hosts(f"{simulated.url}={slots}")
    async with Ollama(hosts, OPTIONS) as ollama:
        with capture_logs() as logs:
            await Fleet(ollama, HostHealth(hosts), models=("tiny", OPTIONS.model)).look()
    told = [entry for entry in logs if entry["event"] == "host.one_at_a_time"]
    assert [entry["slots"] for entry in told] == [slots] * warned


async def test_a_crash_is_the_jobs_if_the_host_answers_a_control_question(start_ollama: Start) -> None:
    """Those that crashed together share one: else each of many slots would load the model again."""
    async with _ward(await start_ollama(4, *SPEED, "--picture-seconds", "3")) as ward:
        await ward.spoil("runner_crash", next=1)
        await ward.spoil("delay", match={"probe": False}, next=3, seconds=60.0)
        ended = await ward.ask_at_once(4)
        assert [repr(one) for one in ended] == [repr(Transient("runner_crashed"))] * 4
        assert ward.fleet.available(), "it answered"
        assert [call["probe"] for call in await ward.calls()] == [False] * 4 + [True]


async def test_a_crash_is_the_hosts_if_the_control_question_crashes_it_too(start_ollama: Start) -> None:
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.spoil("runner_crash")
        with pytest.raises(Unavailable, match="runner_crashed"):
            await ward.ask()
        assert ward.fleet.away() == {ward.host.name: "runner_crashed"}


async def test_a_control_question_that_a_crash_takes_along_is_asked_again(start_ollama: Start) -> None:
    """The first that hears of a crash asks while the runner is still dying."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.spoil("runner_crash", next=2)
        with pytest.raises(Transient, match="runner_crashed"):
            await ward.ask()
        assert [call["probe"] for call in await ward.calls()] == [False, True, True]
        assert ward.fleet.available()


async def test_who_crashes_over_anything_is_told_of_once(start_ollama: Start) -> None:
    """And not where the second control question was answered: the log says whom to blame."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.spoil("runner_crash", next=2)
        with capture_logs() as logs:
            await ward.ask_at_once(1)
        assert "host.crashes" not in {entry["event"] for entry in logs}
        await ward.spoil("runner_crash")
        with capture_logs() as logs:
            await ward.ask_at_once(1)
        assert [entry["event"] for entry in logs].count("host.crashes") == 1


async def test_those_that_crash_together_have_a_failure_each(start_ollama: Start) -> None:
    """One that several raise holds what all of them held, pictures too."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.spoil("runner_crash")
        ended = await ward.ask_at_once(4)
        assert {repr(one) for one in ended} == {repr(Unavailable("runner_crashed"))}
        assert len({id(one) for one in ended}) == 4


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"fault": "status", "status": 400}, Transient("runner_crashed")),
        ({"fault": "broken_body"}, Unavailable("runner_crashed")),
        ({"fault": "status", "status": 503}, Unavailable("runner_crashed")),
    ],
)
async def test_a_refusal_is_an_answer_and_what_breaks_off_is_none(
    start_ollama: Start, fault: dict[str, Any], failure: Failure
) -> None:
    """Without evidence that the host is well nobody's picture is blamed."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.spoil("runner_crash", next=1)
        await ward.spoil(**fault)
        assert [repr(one) for one in await ward.ask_at_once(1)] == [repr(failure)]


async def test_a_control_question_without_an_answer_leaves_the_server_reading(start_ollama: Start) -> None:
    """Whoever goes by the reason keeps the slot busy."""
    async with _ward(await start_ollama(4, *SPEED), total_timeout=2.0) as ward:
        await ward.spoil("runner_crash", next=1)
        await ward.spoil("hang")
        with pytest.raises(Unavailable, match="timeout"):
            await ward.ask()
        assert ward.fleet.away() == {ward.host.name: "timeout"}


async def test_a_model_that_is_shown_no_picture_is_shown_none_after_a_crash_either(start_ollama: Start) -> None:
    async with _ward(await start_ollama(4, *SPEED), textual=frozenset({OPTIONS.model})) as ward:
        await ward.spoil("runner_crash", next=1)
        with pytest.raises(Transient, match="runner_crashed"):
            await ward.ask()
        assert [call["picture"] is None for call in await ward.calls()] == [False, True]


async def test_a_model_that_crashes_its_runner_leaves_the_host_to_the_others(start_ollama: Start) -> None:
    """It does not fit into the card, say."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        ward.fleet.models = (OPTIONS.model, "other")
        await ward.spoil("runner_crash")
        with pytest.raises(Unavailable, match="runner_crashed"):
            await ward.ask()
        assert ward.fleet.serves(ward.host.name) == ["other"]
        ward.fleet.models = (OPTIONS.model,)
        assert ward.fleet.away() == {ward.host.name: "runner_crashed"}


async def test_on_probation_one_call_is_made_and_shows_how_the_others_would_end(start_ollama: Start) -> None:
    """A full disk, say: looks are answered, calls are not. No try of the others is burned."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.be_away()
        await ward.spoil("status", status=500, error="no space left on device")
        ended = await ward.ask_at_once(4)
        assert len(await ward.calls()) == 1
        assert sorted(type(one).__name__ for one in ended) == ["Transient", *["Unavailable"] * 3]
        assert ward.fleet.health.breaker(ward.host).waits == 2, "longer than the first time"


async def test_a_host_that_was_away_has_all_its_work_after_one_answer(start_ollama: Start) -> None:
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        await ward.be_away()
        await ward.spoil("hang", next=1, seconds=1.0)
        await ward.spoil("hang")
        asking = [asyncio.create_task(ward.ask()) for _ in range(4)]
        await until(lambda: ward.run(3))
        await ward.heal()
        assert [type(one) for one in await asyncio.gather(*asking)] == [Reply] * 4
        assert ward.fleet.health.breaker(ward.host) == Breaker()


async def test_a_host_whose_trial_hangs_is_given_no_more_work(start_ollama: Start) -> None:
    """Its media are left to others within seconds, and it is claimed for again when the trial is over."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        back = asyncio.Event()
        ward.fleet.back = back.set
        await ward.be_away()
        await ward.spoil("hang")
        back.clear()
        trial = asyncio.create_task(ward.ask())
        await ward.sent.wait()
        assert ward.fleet.available() == []
        assert ward.fleet.away() == {}, "it is not known to be away"

        began, ended = monotonic(), await ward.ask_at_once(8)
        assert [repr(one) for one in ended] == [repr(Unavailable("host_away"))] * 8
        assert TRIAL_WAIT <= monotonic() - began < 4 * TRIAL_WAIT, "at once, not one after the other"
        assert len(await ward.calls()) == 1
        assert not back.is_set()

        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        assert back.is_set()
        assert ward.fleet.available() == [(ward.host.name, 4)]


async def test_what_must_not_be_sent_any_more_is_not(start_ollama: Start) -> None:
    async with _ward(await start_ollama(4, *SPEED)) as ward:

        def refuse() -> None:
            raise Unavailable("stopping")

        with pytest.raises(Unavailable, match="stopping"):
            await ward.fleet.ask(ward.host.name, make_control(OPTIONS.model), refuse)
        assert await ward.calls() == []
        assert ward.fleet.health.breaker(ward.host) == Breaker(), "it says nothing about the host"


async def test_calls_after_a_probation_keep_the_rate(start_ollama: Start) -> None:
    """Those that waited for the trial take their turns after it: not all at once."""
    rate, sent = 5.0, list[float]()
    async with _ward(await start_ollama(4, *SPEED), rate=rate) as ward:
        await ward.be_away()
        await ward.spoil("hang", next=1, seconds=1.5)
        question = make_control(OPTIONS.model)
        asking = (ward.fleet.ask(ward.host.name, question, lambda: sent.append(monotonic())) for _ in range(4))
        await asyncio.gather(*asking)
        _, second, *_, last = sent
        assert last - second > 1 / rate, "two turns apart"


async def test_who_waits_for_a_turn_when_a_host_was_away_is_no_trial(start_ollama: Start) -> None:
    """They asked before it was away: with a look that finds it well they would all be sent."""
    async with _ward(await start_ollama(4, *SPEED), rate=1.0) as ward:
        asking = [asyncio.create_task(ward.ask()) for _ in range(4)]
        await ward.sent.wait()
        await ward.be_away()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in ended] == [Reply] + [Unavailable] * 3
        assert len(await ward.calls()) == 1


async def test_whoever_was_not_asked_for_a_host_is_away_keeps_no_slot_busy(start_ollama: Start) -> None:
    """After a time-out the server may go on reading; whoever comes later was never sent there."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        ward.fleet.health.record(ward.host, Unavailable("timeout"), monotonic())
        (ended,) = await ward.ask_at_once(1)
        assert repr(ended) == repr(Unavailable("host_away"))
        assert await ward.calls() == []


async def test_a_model_that_crashes_on_probation_is_tried_once(start_ollama: Start) -> None:
    """With several models the breaker stays closed: those that waited learn it from what the host lacks."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        ward.fleet.models = (OPTIONS.model, "other")
        await ward.be_away()
        await ward.spoil("runner_crash")
        ended = await ward.ask_at_once(4)
        assert sorted(map(repr, ended)) == [repr(Unavailable("host_away"))] * 3 + [repr(Unavailable("runner_crashed"))]
        assert [call["probe"] for call in await ward.calls()] == [False, True, True]


async def test_a_model_that_crashed_is_tried_by_one_call_when_it_is_looked_at_again(start_ollama: Start) -> None:
    """With several models the breaker stays closed, and a look finds the model in the list."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        ward.fleet.models = (OPTIONS.model, "other")
        await ward.spoil("runner_crash")
        await ward.ask_at_once(1)
        before = len(await ward.calls())
        await ward.fleet.look()
        assert OPTIONS.model in ward.fleet.serves(ward.host.name)
        await ward.ask_at_once(4)
        assert [call["probe"] for call in (await ward.calls())[before:]] == [False, True, True]

        await ward.heal()
        await ward.fleet.look()
        assert [type(one) for one in await ward.ask_at_once(4)] == [Reply] * 4
        await ward.see_two_together()  # after an answer it is asked by all at once


@pytest.mark.parametrize("fault", ["broken_json", "status"])
async def test_a_model_that_answers_badly_is_off_probation_all_the_same(start_ollama: Start, fault: str) -> None:
    """Its runner is well."""
    async with _ward(await start_ollama(4, *SPEED)) as ward:
        ward.fleet.models = (OPTIONS.model, "other")
        await ward.spoil("runner_crash")
        await ward.ask_at_once(1)
        await ward.heal()
        await ward.fleet.look()
        await ward.spoil("truncated" if fault == "broken_json" else fault, next=1, status=400, error="invalid request")
        (ended,) = await ward.ask_at_once(1)
        assert isinstance(ended, BadAnswer | Invalid)
        await ward.see_two_together()
