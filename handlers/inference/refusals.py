"""What an error means: from a status and body, or from an exception of the HTTP client, to one of our failures.

Source: Ollama's error table, and what Ollama 0.13.5, 0.24.0 and 0.33.0 were seen to answer. Texts differ between
versions, so they are looked for, never compared whole.
"""

from collections.abc import Callable
from typing import Final

import aiohttp
import httpx
import orjson

from handlers.failures import Failure, Invalid, Transient, Unavailable

CRASHED: Final = "runner_crashed"
"""The reason of a failure by which a server says that its model's process died."""
MAX_DETAIL = 500
"""Characters of a server's text that are kept for the ledger."""

_CRASHES = (
    "model runner has unexpectedly stopped",
    "unexpected eof",
    "signal arrived",
    "llama-server process has terminated",
    "llama runner process has terminated",
    "llama runner process no longer running",
)
_BLIND = (
    "does not support multimodal",
    "image input is not supported",
    "does not support vision",
    "does not support image",
    "missing data required for image input",
)
_TOO_LONG = (
    "exceed_context_size_error",
    "exceeds the available context",
    "exceeds the context length",
)
_BAD_PICTURE = (
    "failed to load image",
    "failed to process inputs",
    "zero length image",
    "illegal base64",
    "unknown format",
)
_PERMANENT = (
    "invalid format",
    "invalid json schema",
    "must be of type",
    "template:",
    "failed to tokenize prompt",
    "only supports a single image",
)

_STATUSES: dict[int, tuple[type[Failure], str]] = {
    401: (Unavailable, "unauthorized"),
    403: (Unavailable, "forbidden"),
    404: (Unavailable, "not_ollama"),
    405: (Unavailable, "not_ollama"),
    407: (Unavailable, "unauthorized"),
    408: (Transient, "server_error"),
    413: (Invalid, "request_too_large"),
    429: (Unavailable, "rate_limited"),
    499: (Transient, "server_error"),
    502: (Unavailable, "gateway"),
    503: (Unavailable, "server_busy"),
    504: (Unavailable, "gateway"),
}

_EXCEPTIONS: dict[type[Exception], Callable[[str], Failure]] = {
    # The most derived class decides. Time-outs other than connecting are the caller's to charge.
    httpx.TimeoutException: lambda text: Unavailable("timeout", text),
    httpx.ConnectTimeout: lambda text: Unavailable("connect_timeout", text),
    httpx.ConnectError: lambda text: Unavailable("unreachable", text),
    httpx.ProxyError: lambda text: Unavailable("gateway", text),
    httpx.NetworkError: lambda text: Transient("connection_reset", text),
    httpx.RemoteProtocolError: lambda text: Transient("garbled_response", text),
    httpx.DecodingError: lambda text: Transient("garbled_response", text),
    httpx.TooManyRedirects: lambda text: Unavailable("redirected", text),
    httpx.UnsupportedProtocol: lambda text: Unavailable("bad_host", text),
    httpx.InvalidURL: lambda text: Unavailable("bad_host", text),
    httpx.LocalProtocolError: lambda text: Invalid("bad_request", text),
    httpx.StreamError: lambda text: Transient("connection_reset", text),
    httpx.CookieConflict: lambda text: Transient("garbled_response", text),
    httpx.HTTPError: lambda text: Transient("garbled_response", text),
    aiohttp.ClientConnectorError: lambda text: Unavailable("unreachable", text),
    aiohttp.ConnectionTimeoutError: lambda text: Unavailable("connect_timeout", text),
    aiohttp.ServerTimeoutError: lambda text: Unavailable("timeout", text),
    aiohttp.ClientConnectionError: lambda text: Transient("connection_reset", text),
    aiohttp.ClientPayloadError: lambda text: Transient("partial_answer", text),
    aiohttp.ClientResponseError: lambda text: Transient("garbled_response", text),
    aiohttp.InvalidURL: lambda text: Unavailable("bad_host", text),
    aiohttp.ClientError: lambda text: Transient("garbled_response", text),
    OSError: lambda text: Transient("connection_reset", text),
}
CLIENT_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    aiohttp.ClientError,
    OSError,
)
"""Everything that talking HTTP can raise."""


def failure_of_status(status: int, body: bytes) -> Failure:
    """The failure behind an answer that is no success (for 200: a body that holds an error)."""
    text = error_text(body)
    failure = _by_text(status, text.lower())
    if failure is None and 300 <= status < 400:
        failure = Unavailable, "redirected"
    if failure is None and status in _STATUSES:
        failure = _STATUSES[status]
    if failure is None:
        failure = (Invalid, "bad_request") if 400 <= status < 500 else (Transient, "server_error")
    kind, reason = failure
    return kind(reason, f"{status}: {text[:MAX_DETAIL]}")


def failure_of_exception(error: Exception) -> Failure:
    """The failure behind an exception of the HTTP client.

    The transport reports a connection that broke before the first byte as a connect time-out; what happened is in
    the exception's cause, so the cause is asked first.
    """
    cause = error.__cause__
    judged = cause if isinstance(cause, (aiohttp.ClientError, TimeoutError)) else error
    for ancestor in type(judged).__mro__:
        if ancestor in _EXCEPTIONS:
            return _EXCEPTIONS[ancestor](f"{type(judged).__name__}: {judged}"[:MAX_DETAIL])
    return Transient("garbled_response", type(judged).__name__)


def error_text(body: bytes) -> str:
    """The innermost message: `{"error": "text"}`, the raw JSON of llama-server inside that text, or a plain body."""
    text = body.decode("utf-8", errors="replace").replace("\x00", "�").strip()
    for _ in range(4):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            break
        inner = value.get("error", value.get("message")) if isinstance(value, dict) else None
        if isinstance(inner, str):
            text = inner
        elif isinstance(inner, dict):
            text = f"{inner.get('type', '')}: {inner.get('message', '')}"
        else:
            break
    return text


def _by_text(status: int, text: str) -> tuple[type[Failure], str] | None:
    """What the text says more exactly than the status does."""
    if status == 404 and "model" in text and "not found" in text:
        return Unavailable, "model_missing"
    if status not in (200, 400, 500):
        return None
    if status != 400 and any(mark in text for mark in _CRASHES):
        return Transient, CRASHED
    # No picture will ever work there, and none is at fault: the library waits for a model that sees.
    if any(mark in text for mark in _BLIND):
        return Unavailable, "model_blind"
    if any(mark in text for mark in _TOO_LONG):
        return Invalid, "context_exceeded"
    if any(mark in text for mark in _BAD_PICTURE):
        return Invalid, "picture_refused"
    if any(mark in text for mark in _PERMANENT):
        return Invalid, "bad_request"
    return None
