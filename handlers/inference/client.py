"""The one place that talks to Ollama.

Slots, breakers and retries are the caller's. A cancelled call closes its socket, which stops the generation, though
not the reading of a picture: that goes on inside the server.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import httpx
from aiolimiter import AsyncLimiter
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel, ValidationError

from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.inference.blame import Blame, Call
from handlers.inference.envelope import OK, Envelope, open_envelope
from handlers.inference.hosts import Host
from handlers.inference.layout import Question, request_body, request_path
from handlers.inference.options import InferenceOptions, Layout
from handlers.inference.refusals import CLIENT_ERRORS, failure_of_exception, failure_of_status
from handlers.inference.report import HostReport, ModelList, ModelSheet, VersionSheet, report_of

__all__ = ["HostReport", "InferenceOptions", "Ollama", "Question", "Reply"]

MAX_ANSWER_BYTES = 1 << 20
MAX_SHEET_BYTES = 8 << 20
"""Listings hold the licences and templates of models."""
_MS_PER_NS = 1e-6
_PROBE = {"X-Bildwerk-Probe": "1"}
_GATEWAY_TIMEOUT = 504

SheetT = TypeVar("SheetT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. `text` is what the model wrote; tokens are the server's count, durations in milliseconds.

    `prompt_tokens` counts reused tokens too, `prompt_ms` only the work that was done for this call.
    """

    text: str
    model: str
    host: str
    prompt_tokens: int
    answer_tokens: int
    load_ms: float
    prompt_ms: float
    answer_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    content_type: str
    body: bytes


class Ollama:
    """All servers of a process; an async context manager."""

    def __init__(self, hosts: Sequence[Host], options: InferenceOptions) -> None:
        self.hosts = tuple(hosts)
        self.options = options
        self._open = AsyncExitStack()
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._limiters: dict[str, AsyncLimiter] = {}
        self._blame = Blame()
        self._reports: dict[tuple[str, str], HostReport] = {}

    async def __aenter__(self) -> Self:
        for host in self.hosts:
            self._clients[host.name] = await self._open.enter_async_context(_client(host, self.options))
            if self.options.rate is not None:
                self._limiters[host.name] = AsyncLimiter(1, 1 / self.options.rate)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def wait_for_turn(self, host: Host) -> None:
        """Return when this host may be sent another call; at once where there is no limit to them."""
        if limiter := self._limiters.get(host.name):
            await limiter.acquire()

    async def ask(
        self, host: Host, question: Question, layout: Layout | None = None, *, probe: bool = False, waited: bool = False
    ) -> Reply:
        """The model's complete answer, not yet looked at; `layout` overrides the one that is set.

        It waits for its turn first, unless the caller has `waited`.

        Raises Invalid, BadAnswer, Transient or Unavailable. A time-out is Transient if the job is to blame: the host
        answered others during this call, or since a call about this medium first timed out; else Unavailable.
        """
        if not waited:
            await self.wait_for_turn(host)
        loop = asyncio.get_running_loop()
        began, call = loop.time(), (host.name, question.media_id, question.job_type)
        layout = layout or self.options.usual_layout
        content = request_body(question, self.options, layout)
        headers = {"X-Bildwerk-Media": str(question.media_id), "X-Bildwerk-Job": question.job_type}
        headers |= _PROBE if probe else {}
        response: _Response | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self.options.total_timeout):
                response = await self._send(host, "POST", request_path(layout), content, headers, MAX_ANSWER_BYTES)
        if response is None or response.status == _GATEWAY_TIMEOUT:
            blame, now = self._blame, loop.time()
            own = blame.has_answered(host.name, began) if probe else blame.time_out(call, began, now)
            kind = Transient if own else Unavailable
            raise kind("timeout", f"no answer within {now - began:.3g} s")
        return _reply(host, self._read_answer(call, response))

    def _read_answer(self, call: Call, response: _Response) -> Envelope:
        """The answer. One that is none, as that of a proxy in front, says nothing of the host's answering."""
        now = asyncio.get_running_loop().time()
        try:
            envelope = open_envelope(response.status, response.content_type, response.body)
        except (BadAnswer, Invalid):
            self._blame.answer(call, now)
            raise
        self._blame.answer(call, now)
        return envelope

    async def inspect_host(self, host: Host, model: str | None = None) -> HostReport:
        """What the server is and whether it has the model (default: the usual one); raises no Failure."""
        wanted = model or self.options.model
        try:
            async with asyncio.timeout(self.options.probe_timeout):
                report = await self._inspect(host, wanted)
        except TimeoutError:
            report = HostReport(problem=Unavailable("timeout", "the server does not answer a look"))
        except Failure as failure:
            away = failure if isinstance(failure, Unavailable) else Unavailable(failure.reason, failure.detail)
            report = HostReport(problem=away)
        if report.problem is None or (host.name, wanted) not in self._reports:
            self._reports[host.name, wanted] = report
        return report

    def last_report(self, host: Host, model: str | None = None) -> HostReport | None:
        """What the last look for the model found that ended well, else the first one; its digest goes into the recipe.

        One that did not end well says nothing of who is there: calls under way may end well after it.
        """
        return self._reports.get((host.name, model or self.options.model))

    async def _inspect(self, host: Host, model: str) -> HostReport:
        version = (await self._look_up(host, VersionSheet, "GET", "/api/version")).version
        listed = (await self._look_up(host, ModelList, "GET", "/api/tags")).find(model)
        if listed is None:
            return report_of(version, None, None)
        sheet = await self._look_up(host, ModelSheet, "POST", "/api/show", ModelSheet.request(model))
        return report_of(version, listed, sheet, may_be_blind=model in self.options.textual)

    async def _look_up(
        self, host: Host, sheet: type[SheetT], method: str, path: str, content: bytes | None = None
    ) -> SheetT:
        response = await self._send(host, method, path, content, _PROBE, MAX_SHEET_BYTES)
        if response.status != OK:
            raise failure_of_status(response.status, response.body)
        try:
            return sheet.model_validate_json(response.body)
        except ValidationError:
            raise Unavailable("not_ollama", f"{path} is not answered as Ollama does") from None

    async def _send(
        self,
        host: Host,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        limit: int,
    ) -> _Response:
        client = self._clients[host.name]
        try:
            async with client.stream(method, host.url + path, content=content, headers=headers) as response:
                # It was asked for as it is; unpacking what a stranger packed could fill the memory.
                if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
                    raise Unavailable("encoded_response", "the server compresses although it was told not to")
                body = await _read_bounded(response, limit)
                return _Response(response.status_code, response.headers.get("content-type", ""), body)
        except CLIENT_ERRORS as error:
            raise failure_of_exception(error) from error


def _client(host: Host, options: InferenceOptions) -> httpx.AsyncClient:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    if options.api_key and not host.credentials:
        headers["Authorization"] = f"Bearer {options.api_key}"
    return httpx.AsyncClient(
        transport=AiohttpTransport(client=_session),
        headers=headers,
        auth=host.credentials,
        # The caller's clock covers all but connecting: a server sends no byte until the answer is complete.
        timeout=httpx.Timeout(None, connect=options.connect_timeout),
        follow_redirects=False,
        trust_env=False,
    )


def _session() -> aiohttp.ClientSession:
    # Slots bound the calls in flight; a second bound in the connector would only hide time-outs.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


async def _read_bounded(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise Transient("response_too_large", f"more than {limit} bytes")
    return bytes(body)


def _reply(host: Host, envelope: Envelope) -> Reply:
    return Reply(
        text=envelope.text,
        model=envelope.model,
        host=host.name,
        prompt_tokens=envelope.prompt_eval_count,
        answer_tokens=envelope.eval_count,
        load_ms=envelope.load_duration * _MS_PER_NS,
        prompt_ms=envelope.prompt_eval_duration * _MS_PER_NS,
        answer_ms=envelope.eval_duration * _MS_PER_NS,
        total_ms=envelope.total_duration * _MS_PER_NS,
    )
