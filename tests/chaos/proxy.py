"""A TCP door in front of a server that can be made slow, deaf or treacherous."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

CHUNK = 1 << 16
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: what is not sent yet is thrown away, and the other side gets a reset."""


Way: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""From where to where."""


class Struck(Exception):
    """The door did what its mood is; the connection ends in a reset."""


@dataclass
class Mood:
    """How a door treats those it has marked. Probabilities are per piece of an answer, `latency` is in seconds.

    `cut`: the server did the work, its answer is thrown away and the connection reset. `mute`: nothing more is heard
    on the connection, which stays open. `cut_after`: a connection is reset in the middle of an answer, after so many
    bytes of answers. `refuse`: new connections are reset, and `hole`: nothing passes at all.
    """

    latency: float = 0.0
    cut: float = 0.0
    mute: float = 0.0
    cut_after: int | None = None
    refuse: float = 0.0
    hole: bool = False


@dataclass
class Door:
    """Leads to `target`, a port of this machine. Only connections whose first bytes hold `mark` meet the mood."""

    target: int
    dice: random.Random
    mark: bytes = b""
    mood: Mood = field(default_factory=Mood)
    port: int = 0
    struck: int = 0
    """How often it did something to somebody."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def address(self) -> str:
        """Where to knock."""
        return f"127.0.0.1:{self.port}"

    def heal(self) -> None:
        """Be a plain door again; a connection that fell silent is reset."""
        self.mood = Mood()

    def slam(self) -> None:
        """Reset all connections that are open."""
        for writer in list(self._open):
            _reset(writer)
            self.struck += 1

    def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let one connection through."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """End all connections."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.read(CHUNK)
            marked = self.mark in first
            if marked:
                self._strike(self.mood.refuse)
            back, there = await asyncio.open_connection("127.0.0.1", self.target)
            there.write(first)
            await self._pass((reader, there), (back, writer), marked=marked)
        except (OSError, Struck):
            _reset(writer)
        finally:
            writer.close()

    async def _pass(self, asking: Way, answering: Way, *, marked: bool) -> None:
        """Carry bytes both ways until one side ends, or the door strikes."""
        writer, there = answering[1], asking[1]
        if marked:
            self._open.add(writer)
        pumps = [
            asyncio.create_task(self._ask(*asking, marked=marked)),
            asyncio.create_task(self._answer(*answering, marked=marked)),
        ]
        try:
            ended, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in ended:
                pump.result()
        finally:
            self._open.discard(writer)
            there.transport.abort()  # before anything that may be cancelled
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _ask(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, *, marked: bool) -> None:
        while chunk := await reader.read(CHUNK):
            await self._wait_in_hole(marked=marked)
            there.write(chunk)
            await there.drain()

    async def _answer(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter, *, marked: bool) -> None:
        passed = 0
        while chunk := await back.read(CHUNK):
            if marked:
                await self._wait_in_hole(marked=marked)
                await asyncio.sleep(self.mood.latency)
                self._strike(self.mood.cut)
                await self._fall_silent(self.mood.mute)
                passed += len(chunk)
                if self.mood.cut_after is not None and passed > self.mood.cut_after:
                    writer.write(chunk[: len(chunk) // 2])
                    await writer.drain()
                    self._strike(1.0)
            writer.write(chunk)
            await writer.drain()

    async def _fall_silent(self, probability: float) -> None:
        try:
            self._strike(probability)
        except Struck:
            mood = self.mood
            while self.mood is mood:
                await asyncio.sleep(0.05)
            raise

    async def _wait_in_hole(self, *, marked: bool) -> None:
        while marked and self.mood.hole:
            await asyncio.sleep(0.02)

    def _strike(self, probability: float) -> None:
        if self.dice.random() < probability:
            self.struck += 1
            raise Struck


@asynccontextmanager
async def open_door(target: int, dice: random.Random, mark: bytes = b"") -> AsyncIterator[Door]:
    """A door on a port of its own."""
    door = Door(target, dice, mark)
    server = await asyncio.start_server(door.admit, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
        await door.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    plug = writer.get_extra_info("socket")
    if plug is not None and not writer.is_closing():
        with suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
