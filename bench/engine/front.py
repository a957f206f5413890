"""Ollama's interface before a llama.cpp server, as far as bildwerk uses it.

Requests go one of the two ways that Ollama 0.33 takes. *Native*, for a model without a Go template: of one message the
text comes first, then its pictures, and the engine makes the prompt. *Rendered*, for one with a template: the prompt is
made before the engine, pictures first. See Ollama's `server/routes.go` and `llm/llama_server.go`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VERSION: Final = "0.33.0"
MARKER: Final = "<__media__>"
"""Where a picture goes in a prompt, for engines that do not say what they want there."""
_NS_PER_MS: Final = 1e6

Messages: TypeAlias = Sequence[Mapping[str, Any]]
Asked: TypeAlias = Mapping[str, Any]
Completed: TypeAlias = tuple[str, dict[str, Any]]


class Way(StrEnum):
    """Who makes the prompt out of messages: the engine, or what is before it."""

    NATIVE = "native"
    RENDERED = "rendered"


def make_front(engine: httpx.AsyncClient, model: str, way: Way) -> Starlette:
    """The application; `engine` is the client of the llama.cpp server, whose one model is called `model`."""
    complete = _complete_natively if way is Way.NATIVE else _complete_rendered

    async def version(_request: Request) -> Response:
        return _json({"version": VERSION})

    async def tags(_request: Request) -> Response:
        return _json({"models": [{"name": f"{model}:latest", "digest": model}]})

    async def show(_request: Request) -> Response:
        return _json({"capabilities": ["completion", "vision"], "details": {"family": "random"}})

    async def chat(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        text, final = await complete(engine, asked["messages"], asked)
        return _json({**final, "message": {"role": "assistant", "content": text}})

    async def generate(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        messages = [{"role": "system", "content": asked["system"]}] if asked.get("system") else []
        messages += [{"role": "user", "content": "", "images": [picture]} for picture in asked.get("images", ())]
        messages.append({"role": "user", "content": asked["prompt"]})
        text, final = await complete(engine, messages, asked)
        return _json({**final, "response": text})

    return Starlette(
        routes=[
            Route("/api/version", version),
            Route("/api/tags", tags),
            Route("/api/show", show, methods=["POST"]),
            Route("/api/chat", chat, methods=["POST"]),
            Route("/api/generate", generate, methods=["POST"]),
        ]
    )


async def _complete_natively(engine: httpx.AsyncClient, messages: Messages, asked: Asked) -> Completed:
    body: dict[str, Any] = {"messages": [_translate(message) for message in messages], **_options(asked, "max_tokens")}
    if isinstance(asked.get("format"), dict):
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": asked["format"]}}
    answer = (await engine.post("/v1/chat/completions", json=body)).raise_for_status().json()
    (choice,) = answer["choices"]
    return str(choice["message"]["content"]), _final(asked, answer["timings"], choice["finish_reason"])


async def _complete_rendered(engine: httpx.AsyncClient, messages: Messages, asked: Asked) -> Completed:
    marker = (await engine.get("/props")).raise_for_status().json().get("media_marker", MARKER)
    pictures = [picture for message in messages for picture in message.get("images") or ()]
    turns = [
        f"<|im_start|>{m['role']}\n{marker * len(m.get('images') or ())}{m['content']}<|im_end|>\n" for m in messages
    ]
    prompt = {"prompt_string": "".join(turns) + "<|im_start|>assistant\n", "multimodal_data": pictures}
    body: dict[str, Any] = {"prompt": prompt, **_options(asked, "n_predict")}
    if isinstance(asked.get("format"), dict):
        body["json_schema"] = asked["format"]
    answer = (await engine.post("/completion", json=body)).raise_for_status().json()
    reason = "length" if answer.get("stop_type") == "limit" else "stop"
    return str(answer["content"]), _final(asked, answer["timings"], reason)


def _options(asked: Asked, room: str) -> dict[str, Any]:
    options = asked.get("options", {})
    return {
        room: options.get("num_predict", -1),
        "temperature": options.get("temperature", 0.8),
        "seed": options.get("seed", -1),
        "cache_prompt": True,
    }


def _translate(message: Mapping[str, Any]) -> dict[str, Any]:
    if not message.get("images"):
        return {"role": message["role"], "content": message["content"]}
    words = [{"type": "text", "text": message["content"]}] if message["content"] else []
    return {"role": message["role"], "content": [*words, *map(_picture, message["images"])]}


def _picture(encoded: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}


def _final(asked: Asked, timings: Mapping[str, Any], reason: str) -> dict[str, Any]:
    return {
        "model": asked["model"],
        "done": True,
        "done_reason": reason,
        "total_duration": int((timings["prompt_ms"] + timings["predicted_ms"]) * _NS_PER_MS),
        "prompt_eval_count": timings["cache_n"] + timings["prompt_n"],
        "reused": timings["cache_n"],  # which Ollama does not tell
        "prompt_eval_duration": int(timings["prompt_ms"] * _NS_PER_MS),
        "eval_count": timings["predicted_n"],
        "eval_duration": int(timings["predicted_ms"] * _NS_PER_MS),
    }


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
