"""Calls over a real socket, good and broken."""

import asyncio
import gzip
import logging
import socket

import pytest

from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.inference.client import InferenceOptions, Ollama, Question
from handlers.inference.hosts import parse_hosts
from handlers.inference.options import Layout
from tests.handlers.inference.conftest import GOOD, Ask, good
from tests.handlers.inference.scripted_server import Exchange, Script

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
PROMISED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


async def test_a_complete_answer_is_a_reply(asking: Ask, question: Question) -> None:
    async with asking(good) as (ollama, host, server):
        reply = await ollama.ask(host, question)
    assert reply.text == '{"title":"Ein Hund"}'
    assert (reply.model, reply.host) == ("eye", host.name)
    assert (reply.prompt_tokens, reply.answer_tokens) == (300, 9)
    assert (reply.load_ms, reply.prompt_ms, reply.answer_ms, reply.total_ms) == (1.0, 2.0, 1.5, 5.0)
    (exchange,) = server.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/api/chat")
    assert exchange.headers["x-bildwerk-media"] == "7"
    assert exchange.headers["x-bildwerk-job"] == "ollama_title"
    assert "x-bildwerk-probe" not in exchange.headers
    assert exchange.headers["accept-encoding"] == "identity"


async def test_generate_answers_in_another_place(asking: Ask, question: Question) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, {"model": "eye", "response": "{}", "done": True, "done_reason": "stop"})

    async with asking(script, layout=Layout.GENERATE) as (ollama, host, server):
        assert (await ollama.ask(host, question)).text == "{}"
    assert server.exchanges[0].path == "/api/generate"


async def test_paths_and_credentials_of_a_proxy_are_used(
    question: Question, asking: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asking(good) as (_, bare, server):
        (host,) = parse_hosts(bare.url.replace("http://", "http://alice:s3cret@") + "/ollama")
        async with Ollama([host], InferenceOptions("eye")) as ollama:
            await ollama.ask(host, question)
    assert server.exchanges[0].path == "/ollama/api/chat"
    assert server.exchanges[0].headers["authorization"] == "Basic YWxpY2U6czNjcmV0"
    assert "s3cret" not in caplog.text
    assert "picture" not in caplog.text


async def test_an_api_key_is_sent_as_bearer(asking: Ask, question: Question) -> None:
    async with asking(good, api_key="k3y") as (ollama, host, server):
        await ollama.ask(host, question)
    assert server.exchanges[0].headers["authorization"] == "Bearer k3y"


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _close(exchange: Exchange) -> None:
    exchange.writer.close()


async def _partial(exchange: Exchange) -> None:
    await exchange.send(PROMISED + b'{"mod')
    exchange.writer.close()


async def _reset_in_the_body(exchange: Exchange) -> None:
    await exchange.send(PROMISED + b'{"mod')
    await asyncio.sleep(0.05)
    exchange.reset()


async def _broken_chunks(exchange: Exchange) -> None:
    await exchange.send(CHUNKED + b"zzz\r\n{}\r\n")


async def _not_http(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


async def _flood(exchange: Exchange) -> None:
    await exchange.send(CHUNKED)
    while not exchange.gone.is_set():
        await exchange.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


async def _bomb(exchange: Exchange) -> None:
    packed = gzip.compress(gzip.compress(b"\0" * (64 << 20)))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    await exchange.send(head.encode() + packed)


async def _redirect(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 302 Found\r\nLocation: /api/elsewhere\r\nContent-Length: 0\r\n\r\n")


async def _login_page(exchange: Exchange) -> None:
    await exchange.answer(200, b"<html>log in</html>", "text/html")


async def _broken_envelope(exchange: Exchange) -> None:
    await exchange.answer(200, b'{"model": "eye", "mess')


async def _wrong_envelope(exchange: Exchange) -> None:
    await exchange.answer(200, {"message": ["?"], "done": True})


async def _odd_envelope(exchange: Exchange) -> None:
    await exchange.answer(200, GOOD | {"done": "yes"})


async def _late_error(exchange: Exchange) -> None:
    await exchange.answer(200, {"error": "an error was encountered while running the model: unexpected EOF"})


@pytest.mark.parametrize(
    ("script", "kind", "reasons"),
    [
        (_reset, Transient, {"connection_reset"}),
        (_close, Transient, {"connection_reset"}),
        (_partial, Transient, {"partial_answer"}),
        (_reset_in_the_body, Transient, {"partial_answer", "connection_reset"}),
        (_broken_chunks, Transient, {"partial_answer", "garbled_response"}),
        (_not_http, Transient, {"garbled_response"}),
        (_flood, Transient, {"response_too_large"}),
        (_bomb, Unavailable, {"encoded_response"}),
        (_redirect, Unavailable, {"redirected"}),
        (_login_page, Unavailable, {"not_ollama"}),
        (_broken_envelope, Transient, {"garbled_response"}),
        (_wrong_envelope, Transient, {"garbled_response"}),
        (_odd_envelope, Transient, {"garbled_response"}),
        (_late_error, Transient, {"runner_crashed"}),
    ],
)
async def test_what_goes_wrong_on_the_wire(
    asking: Ask, question: Question, script: Script, kind: type[Failure], reasons: set[str]
) -> None:
    async with asking(script) as (ollama, host, server):
        with pytest.raises(Failure) as caught:
            await ollama.ask(host, question)
    assert type(caught.value) is kind, caught.value
    assert caught.value.reason in reasons
    assert len(server.exchanges) == 1, "the client must not try again by itself"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"done": False, "done_reason": ""}, "unfinished"),
        ({"done": False}, "unfinished"),
        ({"done_reason": "length"}, "length"),
        ({"done_reason": "load"}, "unfinished"),
        ({"message": {"role": "assistant", "content": " \n"}}, "empty"),
        ({"message": {"role": "assistant", "content": "", "thinking": "well"}}, "only_thoughts"),
    ],
)
async def test_an_incomplete_answer_is_a_bad_one(
    asking: Ask, question: Question, change: dict[str, object], reason: str
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, GOOD | change)

    async with asking(script) as (ollama, host, _):
        with pytest.raises(BadAnswer) as caught:
            await ollama.ask(host, question)
    assert caught.value.reason == reason
    assert caught.value.raw is not None


async def test_the_environments_proxies_are_not_for_us(
    asking: Ask, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with asking(good) as (ollama, host, _):
        assert (await ollama.ask(host, question)).text


async def test_nobody_listens(question: Question) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (host,) = parse_hosts(f"127.0.0.1:{unused.getsockname()[1]}")
        async with Ollama([host], InferenceOptions("eye")) as ollama:
            with pytest.raises(Unavailable) as caught:
                await ollama.ask(host, question)
            report = await ollama.inspect_host(host)
    assert caught.value.reason == "unreachable"
    assert report.problem is not None
    assert report.problem.reason == "unreachable"


async def test_a_name_that_does_not_resolve(question: Question) -> None:
    (host,) = parse_hosts("no-such-host.invalid")
    async with Ollama([host], InferenceOptions("eye")) as ollama:
        with pytest.raises(Unavailable) as caught:
            await ollama.ask(host, question)
    assert caught.value.reason == "unreachable"


async def test_plain_http_where_tls_is_asked_for(asking: Ask, question: Question) -> None:
    async with asking(good) as (_, bare, _server):
        (host,) = parse_hosts(bare.url.replace("http:", "https:"))
        async with Ollama([host], InferenceOptions("eye", connect_timeout=0.3)) as ollama:
            with pytest.raises(Unavailable):
                await ollama.ask(host, question)


async def test_an_api_that_says_no_is_invalid(asking: Ask, question: Question) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(400, {"error": '{"error":{"code":400,"message":"Failed to load image or audio file"}}'})

    async with asking(script) as (ollama, host, _):
        with pytest.raises(Invalid) as caught:
            await ollama.ask(host, question)
    assert caught.value.reason == "picture_refused"
    assert "Failed to load image" in caught.value.detail
