"""Every error has a class: by what the caller must do."""

from collections.abc import Iterator
from types import ModuleType

import aiohttp
import httpx
import pytest

from handlers.failures import Failure, Invalid, Transient, Unavailable
from handlers.inference.refusals import CLIENT_ERRORS, error_text, failure_of_exception, failure_of_status


def _tree(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


def _all_exceptions(module: ModuleType) -> set[type[Exception]]:
    named = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Exception)]
    return {kind for root in named for kind in _tree(root) if not issubclass(kind, Warning)}


def _name(kind: type[Exception]) -> str:
    return kind.__name__


EXCEPTIONS = sorted(_all_exceptions(httpx), key=_name)


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=_name)
def test_every_exception_of_httpx_is_caught_and_classed(kind: type[Exception]) -> None:
    assert issubclass(kind, CLIENT_ERRORS)
    error = kind.__new__(kind)
    Exception.__init__(error, "text")
    assert isinstance(failure_of_exception(error), (Transient, Unavailable, Invalid))


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (httpx.ConnectError(""), Unavailable, "unreachable"),
        (httpx.ConnectTimeout(""), Unavailable, "connect_timeout"),
        (httpx.ReadError(""), Transient, "connection_reset"),
        (httpx.WriteError(""), Transient, "connection_reset"),
        (httpx.RemoteProtocolError(""), Transient, "garbled_response"),
        (httpx.UnsupportedProtocol(""), Unavailable, "bad_host"),
        (httpx.InvalidURL(""), Unavailable, "bad_host"),
        (httpx.PoolTimeout(""), Unavailable, "timeout"),
        (aiohttp.ServerDisconnectedError(), Transient, "connection_reset"),
        (aiohttp.ClientPayloadError(), Transient, "partial_answer"),
        (aiohttp.ConnectionTimeoutError(), Unavailable, "connect_timeout"),
        (ConnectionResetError(), Transient, "connection_reset"),
    ],
)
def test_what_an_exception_means(error: Exception, kind: type[Failure], reason: str) -> None:
    failure = failure_of_exception(error)
    assert (type(failure), failure.reason) == (kind, reason)


def test_a_broken_connection_is_no_connect_time_out() -> None:
    error = httpx.ConnectTimeout("")
    error.__cause__ = aiohttp.ServerDisconnectedError()
    assert type(failure_of_exception(error)) is Transient


@pytest.mark.parametrize(
    ("status", "text", "kind", "reason"),
    [
        (400, "anything new", Invalid, "bad_request"),
        (400, '{"error":{"message":"x","type":"exceed_context_size_error"}}', Invalid, "context_exceeded"),
        (401, "unauthorized", Unavailable, "unauthorized"),
        (403, "", Unavailable, "forbidden"),
        (404, "model 'x' not found", Unavailable, "model_missing"),
        (404, "404 page not found", Unavailable, "not_ollama"),
        (405, "405 method not allowed", Unavailable, "not_ollama"),
        (413, "<html>", Invalid, "request_too_large"),
        (429, "slow down", Unavailable, "rate_limited"),
        (499, "request canceled", Transient, "server_error"),
        (500, "model runner has unexpectedly stopped, this may be due to", Transient, "runner_crashed"),
        (500, "an error was encountered while running the model: unexpected EOF", Transient, "runner_crashed"),
        (500, "... signal arrived during cgo execution", Transient, "runner_crashed"),
        (500, "llama-server process has terminated: exit status 2", Transient, "runner_crashed"),
        (500, "timed out waiting for llama-server to start", Transient, "server_error"),
        (500, "cudaMalloc failed: out of memory", Transient, "server_error"),
        (500, "", Transient, "server_error"),
        (500, 'option "temperature" must be of type float32', Invalid, "bad_request"),
        (500, "vision model only supports a single image per message", Invalid, "bad_request"),
        (500, "image input is not supported - hint: you may need the mmproj", Unavailable, "model_blind"),
        (502, "<html>", Unavailable, "gateway"),
        (503, "server busy, please try again.  maximum pending requests exceeded", Unavailable, "server_busy"),
        (504, "", Unavailable, "gateway"),
        (301, "", Unavailable, "redirected"),
        (200, "unexpected EOF", Transient, "runner_crashed"),
        (418, "", Invalid, "bad_request"),
        (599, "", Transient, "server_error"),
    ],
)
def test_what_a_status_means(status: int, text: str, kind: type[Failure], reason: str) -> None:
    failure = failure_of_status(status, b'{"error":%s}' % httpx.Response(0, json=text).content)
    assert (type(failure), failure.reason) == (kind, reason)
    plain = failure_of_status(status, text.encode())
    assert (type(plain), plain.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error":"plain"}', "plain"),
        (b'{"error":"{\\"error\\":{\\"code\\":400,\\"message\\":\\"m\\",\\"type\\":\\"t\\"}}"}', "t: m"),
        (b'{"error":{"message":"m"}}', ": m"),
        (b"not json", "not json"),
        (b"\xff\x00", "\ufffd\ufffd"),
        (b'{"error":7}', '{"error":7}'),
        (b"[]", "[]"),
        (b"", ""),
        (b'{"error":' * 2000, '{"error":' * 2000),
    ],
)
def test_the_innermost_text_is_found(body: bytes, text: str) -> None:
    assert error_text(body) == text


def test_a_servers_text_is_bounded() -> None:
    assert len(failure_of_status(500, b"x" * 100_000).detail) < 600
