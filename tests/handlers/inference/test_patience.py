"""How long a call is waited for, who is blamed, and that nobody is left waiting."""

import asyncio
from dataclasses import replace

import pytest

from handlers.failures import Transient, Unavailable
from handlers.inference.client import Question
from tests.handlers.inference.conftest import Ask, good
from tests.handlers.inference.scripted_server import Exchange

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PROMISED = HEAD + b"Content-Length: 1000\r\n\r\n"


async def _hang(exchange: Exchange) -> None:
    await exchange.gone.wait()


async def test_a_time_out_is_the_hosts_when_it_answered_nobody(asking: Ask, question: Question) -> None:
    async with asking(_hang, total_timeout=2.0) as (ollama, host, server):
        with pytest.raises(Unavailable) as caught:
            await ollama.ask(host, question)
        assert caught.value.reason == "timeout"
        await asyncio.wait_for(server.exchanges[0].gone.wait(), 10)


async def test_a_time_out_is_the_jobs_when_others_were_answered(asking: Ask, question: Question) -> None:
    async def script(exchange: Exchange) -> None:
        await (_hang if exchange.headers["x-bildwerk-media"] == "666" else good)(exchange)

    async with asking(script, total_timeout=3.0) as (ollama, host, server):
        slow = asyncio.ensure_future(ollama.ask(host, replace(question, media_id=666)))
        async with asyncio.timeout(10):
            while not server.exchanges:
                await asyncio.sleep(0.005)
        await ollama.ask(host, question)
        with pytest.raises(Transient) as caught:
            await slow
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    ("status", "said"), [(429, "slow down"), (404, "page not found"), (200, "llama runner process has terminated")]
)
async def test_what_is_no_answer_of_a_model_makes_a_time_out_nobodys_own(
    asking: Ask, question: Question, status: int, said: str
) -> None:
    """A proxy's word, or that of a server whose model died: others were not answered either."""

    async def script(exchange: Exchange) -> None:
        if exchange.headers["x-bildwerk-media"] == "666":
            await _hang(exchange)
        await exchange.answer(status, {"error": said})

    async with asking(script, total_timeout=3.0) as (ollama, host, server):
        slow = asyncio.ensure_future(ollama.ask(host, replace(question, media_id=666)))
        async with asyncio.timeout(10):
            while not server.exchanges:
                await asyncio.sleep(0.005)
        with pytest.raises((Unavailable, Transient)):
            await ollama.ask(host, question)
        with pytest.raises(Unavailable) as caught:
            await slow
    assert caught.value.reason == "timeout"


async def test_a_proxy_that_gives_up_has_waited_in_our_place(asking: Ask, question: Question) -> None:
    """Its time-out counts as ours: the host's at first, the job's once others were answered."""

    async def script(exchange: Exchange) -> None:
        impatient = exchange.headers["x-bildwerk-media"] == "666"
        await (exchange.answer(504, {}) if impatient else good(exchange))

    async with asking(script) as (ollama, host, _):
        for wanted in (Unavailable, Transient):
            with pytest.raises(wanted) as caught:
                await ollama.ask(host, replace(question, media_id=666))
            assert caught.value.reason == "timeout"
            await ollama.ask(host, question)


async def test_dripping_bytes_do_not_stretch_the_time(asking: Ask, question: Question) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.send(CHUNKED)
        while not exchange.gone.is_set():
            await exchange.send(b"1\r\n \r\n")
            await asyncio.sleep(0.02)

    async with asking(drip, total_timeout=0.3) as (ollama, host, _):
        with pytest.raises(Unavailable) as caught:
            await ollama.ask(host, question)
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("begin", [b"", PROMISED + b"{"])
async def test_a_cancelled_call_hangs_up(asking: Ask, question: Question, begin: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(begin)
        await exchange.gone.wait()

    async with asking(script) as (ollama, host, server):
        call = asyncio.ensure_future(ollama.ask(host, question))
        async with asyncio.timeout(10):
            while not server.exchanges:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await server.exchanges[0].gone.wait()


async def test_a_rate_spreads_the_calls(asking: Ask, question: Question) -> None:
    async with asking(good, rate=20.0) as (ollama, host, _):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(ollama.ask(host, question) for _ in range(5)))
        # 4 gaps of 1/20 s; only the lower bound is certain.
        assert loop.time() - began >= 0.18


async def test_with_one_slot_a_time_out_is_the_jobs_when_others_are_answered_between(
    asking: Ask, question: Question
) -> None:
    """Nobody else is asked during its call: else it would be the host's for ever, and first in line for ever."""

    async def script(exchange: Exchange) -> None:
        await (_hang if exchange.headers["x-bildwerk-media"] == "666" else good)(exchange)

    slow = replace(question, media_id=666)
    async with asking(script, total_timeout=1.0) as (ollama, host, _):
        for wanted in (Unavailable, Transient):
            with pytest.raises(wanted) as caught:
                await ollama.ask(host, slow)
            assert caught.value.reason == "timeout"
            ollama.options = replace(ollama.options, total_timeout=60.0)
            await ollama.ask(host, question)
            ollama.options = replace(ollama.options, total_timeout=1.0)
