"""Ollama's interface before a llama.cpp server, as far as bildwerk uses it.

Requests go the way that Ollama 0.33 takes for a model without a Go template ("native"): of one message the text comes
first, then its pictures, and the schema is a `response_format`. See Ollama's `llm/llama_server.go`.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VERSION: Final = "0.33.0"
_NS_PER_MS: Final = 1e6


def make_front(engine: httpx.AsyncClient, model: str) -> Starlette:
    """The application; `engine` is the client of the llama.cpp server, whose one model is called `model`."""

    async def version(_request: Request) -> Response:
        return _json({"version": VERSION})

    async def tags(_request: Request) -> Response:
        return _json({"models": [{"name": f"{model}:latest", "digest": model}]})

    async def show(_request: Request) -> Response:
        return _json({"capabilities": ["completion", "vision"], "details": {"family": "random"}})

    async def chat(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        messages = [_translate(message) for message in asked["messages"]]
        answer = await _complete(engine, messages, asked)
        return _json({**_final(asked, answer), "message": {"role": "assistant", "content": _text(answer)}})

    async def generate(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        messages = [{"role": "system", "content": asked["system"]}] if asked.get("system") else []
        pictures = [_picture(picture) for picture in asked.get("images", ())]
        messages.append({"role": "user", "content": [*pictures, {"type": "text", "text": asked["prompt"]}]})
        answer = await _complete(engine, messages, asked)
        return _json({**_final(asked, answer), "response": _text(answer)})

    return Starlette(
        routes=[
            Route("/api/version", version),
            Route("/api/tags", tags),
            Route("/api/show", show, methods=["POST"]),
            Route("/api/chat", chat, methods=["POST"]),
            Route("/api/generate", generate, methods=["POST"]),
        ]
    )


def _translate(message: Mapping[str, Any]) -> dict[str, Any]:
    if not message.get("images"):
        return {"role": message["role"], "content": message["content"]}
    pictures = [_picture(picture) for picture in message["images"]]
    return {"role": message["role"], "content": [{"type": "text", "text": message["content"]}, *pictures]}


def _picture(encoded: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}


async def _complete(engine: httpx.AsyncClient, messages: list[dict[str, Any]], asked: Mapping[str, Any]) -> Any:
    options = asked.get("options", {})
    body: dict[str, Any] = {
        "messages": messages,
        "max_tokens": options.get("num_predict", -1),
        "temperature": options.get("temperature", 0.8),
        "seed": options.get("seed", -1),
        "cache_prompt": True,
    }
    if isinstance(asked.get("format"), dict):
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": asked["format"]}}
    response = await engine.post("/v1/chat/completions", json=body)
    return response.raise_for_status().json()


def _text(answer: Mapping[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def _final(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    timings = answer["timings"]
    return {
        "model": asked["model"],
        "done": True,
        "done_reason": answer["choices"][0]["finish_reason"],
        "total_duration": int((timings["prompt_ms"] + timings["predicted_ms"]) * _NS_PER_MS),
        "prompt_eval_count": timings["cache_n"] + timings["prompt_n"],
        "prompt_eval_duration": int(timings["prompt_ms"] * _NS_PER_MS),
        "eval_count": timings["predicted_n"],
        "eval_duration": int(timings["predicted_ms"] * _NS_PER_MS),
        "x_cached": timings["cache_n"],
    }


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
