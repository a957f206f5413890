"""The door itself: what it lets through, and what it does to whom."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.chaos.proxy import Door, Mood, open_door

ANSWER = b"x" * 1_000


class Server(asyncio.Protocol):
    """Answers whatever it is asked with a thousand bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, _data: bytes) -> None:
        self.transport.write(ANSWER)


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    """Return a door in front of a server."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    async with open_door(server.sockets[0].getsockname()[1], random.Random(7), b"ours") as opened:
        yield opened
    server.close()
    await asyncio.sleep(0.05)  # until it has seen that all are gone


async def ask(door: Door, word: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        writer.write(word)
        return await reader.readexactly(len(ANSWER))
    finally:
        writer.close()


async def test_a_plain_door_lets_everything_through(door: Door) -> None:
    assert await ask(door, b"ours") == ANSWER
    assert door.struck == 0


@pytest.mark.parametrize("mood", [Mood(cut=1.0), Mood(refuse=1.0), Mood(cut_after=10)])
async def test_the_marked_are_struck_and_nobody_else(door: Door, mood: Mood) -> None:
    door.mood = mood
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await ask(door, b"ours")
    assert door.struck == 1
    assert await ask(door, b"theirs") == ANSWER


@pytest.mark.parametrize("mood", [Mood(mute=1.0), Mood(hole=True)])
async def test_silence_lasts_until_the_door_is_healed(door: Door, mood: Mood) -> None:
    door.mood = mood
    asking = asyncio.create_task(ask(door, b"ours"))
    done, _ = await asyncio.wait([asking], timeout=0.5)
    assert not done
    door.heal()
    if mood.hole:
        assert await asking == ANSWER
    else:
        with pytest.raises(ConnectionResetError):
            await asking


async def test_a_slammed_door_cuts_those_who_are_inside(door: Door) -> None:
    lost = asyncio.get_running_loop().create_future()

    class Client(Server):
        def connection_lost(self, error: Exception | None) -> None:
            lost.set_result(error)

    transport, _ = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", door.port)
    transport.write(b"ours")
    while not door._open:
        await asyncio.sleep(0.01)
    door.slam()
    assert isinstance(await lost, ConnectionResetError)
