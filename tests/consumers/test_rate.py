"""Calls that wait because only so many a minute may be made."""

import asyncio
from time import monotonic

import pytest

from consumers.fleet import Fleet
from handlers.failures import Unavailable
from handlers.inference.client import InferenceOptions, Ollama, Question
from handlers.inference.health import HostHealth
from handlers.inference.hosts import parse_hosts
from handlers.stage import Prompt
from tests.handlers.inference.scripted_server import Exchange, scripted_server

ANSWER = {"model": "eye", "message": {"role": "assistant", "content": "{}"}, "done": True, "done_reason": "stop"}
QUESTION = Question("eye", Prompt("Give a title.", num_predict=64), "en", b"\xff\xd8", {}, 7, "ollama_title")


async def test_a_call_that_waited_is_not_made_when_its_host_went_away_meanwhile() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(exchange: Exchange) -> None:
        asked.set()
        await go_on.wait()
        await exchange.answer(200, ANSWER)

    async with scripted_server(script) as server:
        hosts = parse_hosts(server.url)
        async with Ollama(hosts, InferenceOptions("eye", total_timeout=60, rate=0.5)) as ollama:
            fleet = Fleet(ollama, HostHealth(hosts))
            first, second = (asyncio.create_task(fleet.ask(hosts[0].name, QUESTION, lambda: None)) for _ in range(2))
            await asyncio.sleep(0)
            fleet.health.record(hosts[0], Unavailable("refused"), monotonic())
            with pytest.raises(Unavailable, match="host_away"):
                await second
            await asked.wait()
            go_on.set()
            assert (await first).text == "{}"
        assert len(server.exchanges) == 1
    assert fleet.health.breaker(hosts[0]).waits == 1, "that it was not asked says nothing about the host"
