"""Faults that depend on what the server poses as, how fast it is, or where it listens."""

import asyncio
import json
import sys

import pytest

from tests.bildwerk.simulated_ollama.conftest import DEADLINE, EOF, Start, chat


@pytest.mark.parametrize(("path", "done"), [("native", True), ("rendered", False)])
async def test_whitespace_flood(start: Start, path: str, *, done: bool) -> None:
    """The native path goes on to the limit, the rendered one gives up early."""
    server = await start("--prompt-path", path)
    await server.spoil("whitespace_flood")
    body = (await server.ask(options={"num_predict": 200})).json()
    assert body["done"] is done
    assert body.get("done_reason") == ("length" if done else None)
    assert len(body["message"]["content"]) == (200 if done else 32)


async def test_a_taken_port_is_one_clear_line(start: Start) -> None:
    """A second server on the same port ends at once and says why."""
    port = (await start()).ollama.base_url.port
    argv = [sys.executable, "-m", "bildwerk.sandbox.simulated_ollama", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 1
    assert said.decode() == "the simulated Ollama cannot start: Address already in use\n"


async def test_a_crash_ends_a_stream_with_an_error_line(start: Start) -> None:
    """Status 200 was sent; the last line says what happened."""
    server = await start("--token-seconds", "1")
    await server.spoil("runner_crash", match={"job": "poison"})
    async with server.ollama.stream("POST", "/api/chat", json=chat("x", stream=True)) as answer:
        lines = answer.aiter_lines()
        assert json.loads(await anext(lines))["done"] is False
        await server.ask(headers={"X-Bildwerk-Job": "poison"})
        rest = [json.loads(line) async for line in lines]
    assert rest[-1] == EOF


@pytest.mark.parametrize("version", ["0.13.5", "0.24.0"])
async def test_garbage_kills_an_older_runner(start: Start, version: str) -> None:
    """As recorded: the neighbour of a picture that does not decode dies with it."""
    server = await start("--pose", version)
    await server.spoil("hang", match={"job": "neighbour"})
    neighbour = asyncio.create_task(server.ask(headers={"X-Bildwerk-Job": "neighbour"}))

    async def runs() -> bool:
        return bool((await server.state())["running"])

    await server.until(runs)
    assert (await server.ask("x", "bm90IGEgcGljdHVyZQ==")).status_code == 500
    assert (await neighbour).json() == EOF
