"""The routes of the simulated server, Ollama's and the one of OpenAI's that clients probe."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bildwerk.sandbox.simulated_ollama import models, replies
from bildwerk.sandbox.simulated_ollama.conversation import (
    Conversation,
    Reset,
    admissible,
    note,
    run,
)
from bildwerk.sandbox.simulated_ollama.errors import ClientGone, Rejected, RunnerCrashed
from bildwerk.sandbox.simulated_ollama.requests import decode, read_chat, read_generate
from bildwerk.sandbox.simulated_ollama.simulation import Simulation

_GUARDED = ("delay", "hang", "status", "reset")


def create_api(simulation: Simulation, reset: Reset) -> ASGIApp:
    """The application on the main port."""
    app = Starlette(
        routes=[
            Route("/", _root),
            Route("/api/version", _json(lambda: {"version": simulation.pose.version})),
            Route("/api/tags", _json(lambda: _tags(simulation))),
            Route("/api/ps", _json(lambda: _ps(simulation))),
            Route("/api/show", _show(simulation), methods=["POST"]),
            Route("/api/chat", Conversation(simulation, read_chat, reset), methods=["POST"]),
            Route("/api/generate", Conversation(simulation, read_generate, reset), methods=["POST"]),
            Route("/v1/chat/completions", _completions(simulation), methods=["POST"]),
        ],
        exception_handlers={HTTPException: _plain, Rejected: _rejected, RunnerCrashed: _crashed},
    )
    return _Guarded(app, simulation, reset)


class _Guarded:
    """Host-wide faults on the endpoints that ask no model."""

    def __init__(self, app: ASGIApp, simulation: Simulation, reset: Reset) -> None:
        self._app, self._simulation, self._reset = app, simulation, reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        rules = [rule for rule in self._simulation.script.rules if rule.fault in _GUARDED]
        if not rules or path in {"/api/chat", "/api/generate"}:
            await self._app(scope, receive, send)
            return
        call = self._simulation.log.unlisted(path)
        rule = next((rule for rule in rules if rule.applies(call.record)), None)
        if rule is None or rule.fault == "delay":
            await asyncio.sleep(0 if rule is None else rule.seconds or 1.0)
            await self._app(scope, receive, send)
        elif rule.fault == "status":
            error = {"error": rule.error or "simulated failure"}
            await replies.Reply(send).json(rule.status, error)
        elif rule.fault == "reset":
            self._reset(scope["client"])
        else:
            await call.pause(rule.seconds or math.inf, until=lambda: rule.healed)
            await self._app(scope, receive, send)


async def _root(_: Request) -> Response:
    return Response("Ollama is running", media_type="text/plain")


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    texts = {404: "404 page not found", 405: "405 method not allowed"}
    return Response(texts.get(status, ""), status, headers={"content-type": "text/plain"})


async def _rejected(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Rejected) else 500
    return _body({"error": str(error)}, status)


async def _crashed(_: Request, error: Exception) -> Response:
    return _body({"error": str(error)}, 500)


def _body(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, headers={"content-type": replies.JSON})


def _json(make: Callable[[], object]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return _body(make())

    return endpoint


def _tags(simulation: Simulation) -> dict[str, object]:
    tags = [models.tag(m, simulation.pose, simulation.modified_at) for m in simulation.models.values()]
    return {"models": sorted(tags, key=lambda tag: tag["name"])}


def _ps(simulation: Simulation) -> dict[str, object]:
    simulation.runner.expire()
    loaded = simulation.runner.loaded
    if loaded is None:
        return {"models": []}
    expires = replies.stamp(datetime.fromtimestamp(min(loaded.expires, 2**32), UTC))
    return {"models": [models.loaded(loaded.model, simulation.pose, loaded.num_ctx, expires)]}


def _show(simulation: Simulation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = decode(await request.body(), "ShowRequest")
        name = body.get("model") or body.get("name") or ""
        try:
            model = simulation.find(name)
        except Rejected as refusal:
            if refusal.status != 404:
                raise
            raise Rejected(404, simulation.pose.show_missing.format(name=name)) from None
        shown = orjson.dumps(models.show(model, simulation.pose, simulation.modified_at))
        # Long enough for Go to send it chunked.
        return StreamingResponse(iter([shown]), headers={"content-type": replies.JSON})

    return endpoint


def _completions(simulation: Simulation) -> Callable[[Request], Awaitable[Response]]:
    """OpenAI's endpoint, as far as a client probes it: text, not streamed, numbered like the calls."""

    async def endpoint(request: Request) -> Response:
        body = orjson.loads(await request.body())
        body["options"] = {"num_predict": body.pop("max_tokens", None)}
        ask = read_chat(orjson.dumps({**body, "stream": False}))
        call = simulation.log.open(request.url.path, request.headers)
        try:
            rule = note(simulation, call, ask)
            answer = await run(simulation, call, ask, admissible(simulation, ask), rule, None)
            call.record.status, call.record.done_reason = 200, answer.reason
        except ClientGone:
            return Response(status_code=499)
        finally:
            simulation.log.close(call)
        prompt = call.record.prompt_tokens
        usage = {"prompt_tokens": prompt, "completion_tokens": answer.tokens, "total_tokens": prompt + answer.tokens}
        message = {"role": "assistant", "content": answer.text}
        completion = {
            "id": f"chatcmpl-{call.record.number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": ask.model,
            "system_fingerprint": "fp_ollama",
            "choices": [{"index": 0, "message": message, "finish_reason": answer.reason}],
            "usage": usage,
        }
        return Response(orjson.dumps(completion), media_type="application/json")

    return endpoint
