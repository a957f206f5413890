"""Slots are never exceeded, the queue is first come first served, giving up behaves as measured."""

import asyncio
import itertools
import json
from typing import Any

import pytest

from tests.bildwerk.simulated_ollama.conftest import Server, Start, chat, picture


def most_at_once(calls: list[dict[str, Any]]) -> int:
    """The largest number of calls that ran at the same time."""
    steps = [(call["end"], -1) for call in calls] + [(call["start"], 1) for call in calls]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


async def wait_for_running(server: Server, number: int) -> None:
    """Wait until so many calls hold a slot."""

    async def reached() -> bool:
        state = await server.state()
        return bool(state["running"] == number)

    await server.until(reached)


async def test_no_more_calls_run_than_there_are_slots(start: Start) -> None:
    """Forty calls on three slots: all are answered, three at a time."""
    server = await start("--slots", "3")
    pictures = [picture((5 * n, 90, 200 - 5 * n)) for n in range(40)]
    answers = await asyncio.gather(*(server.ask("Describe it.", p) for p in pictures))
    assert {answer.status_code for answer in answers} == {200}
    calls, state = await server.calls(), await server.state()
    assert len(calls) == 40
    assert most_at_once(calls) == state["max_running"] == 3
    assert max(call["concurrent"] for call in calls) == 3
    assert {call["slot"] for call in calls} == {0, 1, 2}


async def test_the_queue_is_first_come_first_served(start: Start) -> None:
    """On one slot calls start in the order they arrived."""
    server = await start("--slots", "1")
    await asyncio.gather(*(server.ask("Describe it.", picture((9 * n, 9, 9))) for n in range(12)))
    calls = await server.calls()
    assert [call["number"] for call in sorted(calls, key=lambda call: call["start"])] == list(range(1, 13))


async def test_the_log_tells_what_a_call_was_for(start: Start, tmp_path: Any) -> None:
    """Media, job and probe come from headers; the file holds one line per finished call and nothing of the texts."""
    log = tmp_path / "calls.jsonl"
    server = await start("--log", str(log))
    headers = {"X-Bildwerk-Media": "7", "X-Bildwerk-Job": "ollama_caption", "X-Bildwerk-Probe": "1"}
    await server.ask("A secret text.", picture(), headers=headers)
    [call] = await server.calls()
    assert (call["media"], call["job"], call["probe"], call["status"]) == ("7", "ollama_caption", True, 200)
    assert call["arrived"] <= call["start"] <= call["end"]
    assert not call["given_up"]
    assert [json.loads(line) for line in log.read_text().splitlines()] == [call]
    assert "secret" not in log.read_text()
    await server.control.delete("/control/calls")
    assert await server.calls() == []


async def test_giving_up_while_the_picture_is_read_keeps_the_slot(start: Start) -> None:
    """The slot is busy until the reading is over, and no token is generated."""
    server = await start("--slots", "1", "--picture-seconds", "8.0", "--token-seconds", "100")
    await give_up_when_running(server, chat("Describe it.", picture()))
    await wait_for_running(server, 0)
    [call] = await server.calls()
    assert call["given_up"]
    assert call["status"] is None
    assert call["end"] - call["start"] >= 7.9  # by the wall clock, which may be set


@pytest.mark.parametrize("stream", [False, True])
async def test_giving_up_during_generation_frees_the_slot(start: Start, *, stream: bool) -> None:
    """The answer would take an hour; the slot is free long before."""
    server = await start("--slots", "1", "--token-seconds", "100")
    await give_up_when_running(server, chat("Describe it.", stream=stream))
    await wait_for_running(server, 0)
    [call] = await server.calls()
    assert call["given_up"]


async def test_giving_up_in_the_queue_leaves_it(start: Start) -> None:
    """A call that never got a slot has no start, and nobody waits for it."""
    server = await start("--slots", "1", "--token-seconds", "100")
    running = asyncio.create_task(server.ask())
    await wait_for_running(server, 1)
    waiting = asyncio.create_task(server.ask())

    async def queued() -> bool:
        return bool((await server.state())["queued"] == 1)

    await server.until(queued)
    waiting.cancel()

    async def left() -> bool:
        return bool((await server.calls())[1]["given_up"])

    await server.until(left)
    call = (await server.calls())[1]
    assert call["start"] is None
    assert (await server.state())["queued"] == 0
    running.cancel()


async def test_another_model_waits_for_the_running_ones(start: Start) -> None:
    """A change of model or context length drains the runner; nothing of the old model runs beside the new."""
    server = await start("--recorded-models")
    slow = [asyncio.create_task(server.ask("Describe it.", picture((n, 0, 0)))) for n in range(3)]

    async def arrived() -> bool:
        return len(await server.calls()) == len(slow)

    await server.until(arrived)
    other = [server.ask("Describe it.", model="tiny"), server.ask("Describe it.", options={"num_ctx": 2048})]
    await asyncio.gather(*slow, *other)
    calls = sorted(await server.calls(), key=lambda call: call["start"])
    for before, after in itertools.pairwise(calls):
        if before["model"] != after["model"]:
            assert all(call["end"] <= after["start"] for call in calls[: calls.index(after)])
    assert sum(call["load_seconds"] > 0 for call in calls) == 3


async def give_up_when_running(server: Server, body: dict[str, Any]) -> None:
    """Send a request and hang up as soon as it has its slot."""
    asking = asyncio.create_task(server.ollama.post("/api/chat", json=body))
    await wait_for_running(server, 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
