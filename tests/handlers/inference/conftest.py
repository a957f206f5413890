"""Questions to ask, and a server to ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from handlers.inference.client import InferenceOptions, Ollama, Question
from handlers.inference.hosts import Host, parse_hosts
from handlers.stage import Prompt
from tests.handlers.inference.scripted_server import Exchange, Script, ScriptedServer, scripted_server

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 80}},
    "required": ["title"],
    "additionalProperties": False,
}


GOOD: dict[str, JsonValue] = {
    "model": "eye",
    "message": {"role": "assistant", "content": '{"title":"Ein Hund"}'},
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": 300,
    "prompt_eval_duration": 2_000_000,
    "eval_count": 9,
    "eval_duration": 1_500_000,
}


async def good(exchange: Exchange) -> None:
    """A complete answer."""
    await exchange.answer(200, GOOD)


@pytest.fixture
def question() -> Question:
    return Question(
        model="eye",
        prompt=Prompt("Give a title.", num_predict=64),
        language="de",
        rendition=b"\xff\xd8picture",
        schema=SCHEMA,
        media_id=7,
        job_type="ollama_title",
    )


@pytest.fixture
def options() -> InferenceOptions:
    return InferenceOptions(model="eye", total_timeout=20, connect_timeout=5)


Asking = tuple[Ollama, Host, ScriptedServer]
Ask = Callable[..., AbstractAsyncContextManager[Asking]]


@pytest.fixture
def asking(options: InferenceOptions) -> Ask:
    """An `Ollama` whose one host is served by a script; keywords change the options."""

    @asynccontextmanager
    async def start(script: Script, **changes: Any) -> AsyncIterator[Asking]:
        async with scripted_server(script) as server:
            hosts = parse_hosts(server.url)
            async with Ollama(hosts, replace(options, **changes)) as ollama:
                yield ollama, hosts[0], server

    return start
