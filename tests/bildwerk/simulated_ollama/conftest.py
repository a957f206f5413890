"""A simulated Ollama as a process, and pictures to show it."""

import asyncio
import base64
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

DEADLINE = 20.0
EOF = {"error": "an error was encountered while running the model: unexpected EOF"}
SCHEMA = {
    "type": "object",
    "properties": {"caption": {"type": "string", "maxLength": 200}},
    "required": ["caption"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running one: a client for Ollama's port, one for the control port."""

    ollama: httpx.AsyncClient
    control: httpx.AsyncClient

    async def ask(
        self, text: str = "Describe it.", *pictures: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """A chat in layout B: the picture in a message of its own, the job's text after it."""
        return await self.ollama.post("/api/chat", json=chat(text, *pictures, **more), headers=headers)

    async def spoil(self, fault: str, **more: Any) -> None:
        """Put a fault in force."""
        answer = await self.control.post("/control/faults", json={"fault": fault, **more})
        assert answer.status_code == 200, answer.text

    async def heal(self) -> None:
        """No faults any more."""
        await self.control.delete("/control/faults")

    async def calls(self) -> list[dict[str, Any]]:
        """The calls so far."""
        found: list[dict[str, Any]] = (await self.control.get("/control/calls")).json()["calls"]
        return found

    async def state(self) -> dict[str, Any]:
        """What the server is doing."""
        found: dict[str, Any] = (await self.control.get("/control/state")).json()
        return found

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(DEADLINE):
            while not await true():
                await asyncio.sleep(0.01)


Start = Callable[..., Awaitable[Server]]


@asynccontextmanager
async def running(*options: str) -> AsyncIterator[Server]:
    """A server process with these options; it is fast unless they say otherwise."""
    argv = ["-m", "bildwerk.sandbox.simulated_ollama", "--picture-seconds", "0.02"]
    argv += ["--token-seconds", "0.0001", "--load-seconds", "0.01", *options]
    process = await asyncio.create_subprocess_exec(sys.executable, *argv, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
        word, url, other, control_url = line.decode().split()
        assert (word, other) == ("listening", "control")
        limits = httpx.Limits(max_connections=None)
        async with (
            httpx.AsyncClient(base_url=url, timeout=DEADLINE, limits=limits, trust_env=False) as ollama,
            httpx.AsyncClient(base_url=control_url, timeout=DEADLINE, trust_env=False) as control,
        ):
            yield Server(ollama, control)
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 0


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers that end with the test."""
    async with AsyncExitStack() as stack:

        async def start_one(*options: str) -> Server:
            return await stack.enter_async_context(running(*options))

        yield start_one


def chat(text: str, *pictures: str, **more: Any) -> dict[str, Any]:
    """The body of a chat in layout B, not streamed."""
    look: dict[str, Any] = {"role": "user", "content": "Look at this picture.", "images": list(pictures)}
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You describe pictures."}]
    messages += [look, {"role": "user", "content": text}] if pictures else [{"role": "user", "content": text}]
    body = {"model": "bildwerk-simulated", "messages": messages, "stream": False, "format": SCHEMA}
    return {**body, "options": {"temperature": 0, "num_predict": 400}, **more}


def picture(
    colour: tuple[int, int, int] = (200, 120, 40),
    size: tuple[int, int] = (320, 200),
    kind: str = "JPEG",
    **save: Any,
) -> str:
    """Base64 of a picture: a sky lighter than `colour` over a ground of it."""
    image = Image.new("RGB", size, colour)
    sky = tuple((value + 255 * 2) // 3 for value in colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0], size[1] // 3), fill=sky)
    out = io.BytesIO()
    image.save(out, kind, **save)
    return base64.b64encode(out.getvalue()).decode()
