"""Every fault that can be scripted, as a client meets it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.bildwerk.simulated_ollama.conftest import EOF, Server, chat, picture, running

STOPPED = "model runner has unexpectedly stopped"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Server]:
    """A server of the modern kind with two slots."""
    async with running("--slots", "2") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def server(shared: Server) -> AsyncIterator[Server]:
    """The same for all tests of this module, healed and with an empty log."""
    yield shared
    await shared.heal()

    async def idle() -> bool:
        state = await shared.state()
        return not state["running"] and not state["queued"]

    await shared.until(idle)
    await shared.control.delete("/control/calls")


async def content(server: Server, **more: Any) -> str:
    """The text of an answer that is done and stopped by itself."""
    body = (await server.ask("Describe it.", picture(), **more)).json()
    assert (body["done"], body["done_reason"]) == (True, "stop")
    return str(body["message"]["content"])


async def test_rules_choose_their_calls(server: Server) -> None:
    """By job, by picture, after some, for the next few; a healed server answers again."""
    poison = picture((1, 2, 3))
    await server.ask("x", poison)
    digest = (await server.calls())[0]["picture"]
    await server.spoil("status", match={"job": "ollama_title"}, skip=1, next=1)
    await server.spoil("status", match={"picture": digest[:16]}, status=503)
    title = {"X-Bildwerk-Job": "ollama_title"}
    found = [(await server.ask("x", headers=title)).status_code for _ in range(3)]
    assert found == [200, 500, 200]
    assert (await server.ask("x", headers={"X-Bildwerk-Job": "ollama_caption"})).status_code == 200
    assert (await server.ask("x", poison)).status_code == 503
    await server.heal()
    assert (await server.ask("x", poison)).status_code == 200


async def test_chance_is_repeatable(server: Server) -> None:
    """The same seed spoils the same calls."""
    runs = []
    for _ in range(2):
        await server.spoil("status", probability=0.5, seed=3)
        runs.append([(await server.ask("x")).status_code for _ in range(20)])
        await server.heal()
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_a_rule_nobody_understands_is_refused(server: Server) -> None:
    """A typing error in a test's rule must not pass for a healthy server."""
    for rule in ({"fault": "no_such"}, {"fault": "hang", "for": 3}, {"fault": "hang", "match": {"jobs": "x"}}, 7):
        assert (await server.control.post("/control/faults", json=rule)).status_code == 400


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, STOPPED),
        (503, "server busy, please try again.  maximum pending requests exceeded"),
        (404, "model 'bildwerk-simulated' not found"),
    ],
)
async def test_status(server: Server, status: int, text: str) -> None:
    """The real bodies of the real statuses."""
    await server.spoil("status", status=status)
    answer = await server.ask()
    assert answer.status_code == status
    assert answer.json()["error"].startswith(text)
    assert (await server.calls())[0]["fault"] == "status"


async def test_host_wide_faults_meet_every_path(server: Server) -> None:
    """With `host`, even the version cannot be asked; without, it can."""
    await server.spoil("status")
    assert (await server.ollama.get("/api/version")).status_code == 200
    await server.heal()
    await server.spoil("status", match={"host": True}, status=503)
    assert (await server.ollama.get("/api/version")).status_code == 503
    assert (await server.ask()).status_code == 503


async def test_delay(server: Server) -> None:
    """The call holds its slot longer."""
    await server.spoil("delay", seconds=0.3)
    assert await content(server)
    [call] = await server.calls()
    assert call["end"] - call["start"] >= 0.29  # by the wall clock, which may be set


async def test_refuse_until_healed(server: Server) -> None:
    """Nobody listens, running calls are cut off, control goes on."""
    await server.spoil("hang")
    hanging = asyncio.create_task(server.ask())

    async def hangs() -> bool:
        return bool((await server.state())["running"])

    await server.until(hangs)
    await server.spoil("refuse")
    with pytest.raises(httpx.TransportError):
        await hanging
    with pytest.raises(httpx.ConnectError):
        await server.ask()
    assert (await server.state())["refusing"]
    await server.heal()
    assert await content(server)


async def test_refuse_for_a_while(server: Server) -> None:
    """It comes back by itself, on the same port."""
    await server.spoil("refuse", seconds=8.0)
    with pytest.raises(httpx.ConnectError):
        await server.ask()

    async def back() -> bool:
        return not (await server.state())["refusing"]

    await server.until(back)
    assert await content(server)


@pytest.mark.parametrize("stream", [False, True])
async def test_reset(server: Server, *, stream: bool) -> None:
    """The head and half a body, then a reset; the slot is free."""
    await server.spoil("reset", next=1)
    async with server.ollama.stream("POST", "/api/chat", json=chat("x", stream=stream)) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.TransportError):
            await answer.aread()
    assert await content(server)


async def test_hang_until_healed(server: Server) -> None:
    """It answers nothing; then it does."""
    await server.spoil("hang")
    with pytest.raises(httpx.ReadTimeout):
        await server.ollama.post("/api/chat", json=chat("x"), timeout=0.3)
    hanging = asyncio.create_task(server.ask())

    async def hangs() -> bool:
        return bool((await server.state())["running"] == 1)

    await server.until(hangs)
    await server.heal()
    assert (await hanging).status_code == 200


async def test_drip(server: Server) -> None:
    """The body comes in bits, and whole."""
    await server.spoil("drip", seconds=0.2)
    parts = []
    async with server.ollama.stream("POST", "/api/chat", json=chat("x")) as answer:
        parts = [part async for part in answer.aiter_raw()]
    assert len(parts) > 1
    assert json.loads(b"".join(parts))["done"]


async def test_done_false(server: Server) -> None:
    """Status 200, no reason, no metrics: as real ones do after 30 equal tokens."""
    await server.spoil("done_false")
    answer = await server.ask()
    assert answer.status_code == 200
    assert set(answer.json()) == {"model", "created_at", "message", "done"}
    assert answer.json()["done"] is False


async def test_broken_texts(server: Server) -> None:
    """Broken JSON in a healthy reply, a cut one, prose, a refusal."""
    await server.spoil("broken_json", next=1)
    with pytest.raises(json.JSONDecodeError):
        json.loads(await content(server))
    await server.spoil("truncated", next=1)
    cut = (await server.ask()).json()
    assert (cut["done"], cut["done_reason"]) == (True, "length")
    await server.spoil("prose", next=1)
    assert (await content(server)).startswith("A wide picture")
    await server.spoil("refusal", next=1)
    assert json.loads(await content(server)) == {"caption": "I'm sorry, but I can't help with that."}


async def test_broken_body(server: Server) -> None:
    """The reply itself is no JSON."""
    await server.spoil("broken_body")
    answer = await server.ask()
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_wrong_language(server: Server) -> None:
    """German where English was wanted, and the other way round."""
    await server.spoil("wrong_language")
    assert "Ein breites Bild" in await content(server)
    answer = await server.ask("Describe it. Answer in German.", picture())
    assert "A wide picture" in answer.json()["message"]["content"]


async def test_runner_crash_takes_the_neighbours_along(server: Server) -> None:
    """Both calls fail, each with its own words; the runner comes back after its restart."""
    await server.spoil("hang", match={"job": "neighbour"})
    await server.spoil("runner_crash", match={"job": "poison"})
    neighbour = asyncio.create_task(server.ask(headers={"X-Bildwerk-Job": "neighbour"}))

    async def runs() -> bool:
        return bool((await server.state())["running"])

    await server.until(runs)
    culprit = await server.ask(headers={"X-Bildwerk-Job": "poison"})
    assert culprit.status_code == 500
    assert culprit.json()["error"].startswith(STOPPED)
    assert ((await neighbour).status_code, (await neighbour).json()) == (500, EOF)
    assert await content(server)
    assert (await server.calls())[-1]["load_seconds"] == 0.7


async def test_words_and_responses_by_script(server: Server) -> None:
    await server.spoil("say", next=1, text="<b>")
    assert await content(server, format={"type": "object"}) == "<b>"
    await server.spoil("body", next=1, status=307, text="away", headers={"location": "/elsewhere"})
    response = await server.ask("x")
    assert (response.status_code, response.text, response.headers["location"]) == (307, "away", "/elsewhere")
    await server.spoil("hang_up", next=1)
    with pytest.raises(httpx.TransportError):
        await server.ask("x")
    assert (await server.ask("x")).status_code == 200
