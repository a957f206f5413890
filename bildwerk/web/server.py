"""The HTTP server around the application; signals stay with the service."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

STOP_SECONDS = 2
"""Nobody waits for a monitor's request."""
MOST_AT_ONCE = 64
"""Connections; who comes beyond is sent away, and takes no memory from the work."""
PATIENCE_SECONDS = 5
"""For who connects to ask something: who does not would hold a place for ever, and keep a liveness probe out."""


class PortTaken(Exception):
    """The address cannot be listened at; the message names it."""


class _Protocol(H11Protocol):
    """Closes a connection on which nothing was asked in time: uvicorn itself waits for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(PATIENCE_SECONDS, self._lose_patience)

    def _lose_patience(self) -> None:
        if getattr(self, "cycle", None) is None:  # nothing was asked
            self.transport.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while the context is open; gives the port (port 0: a free one). Raises PortTaken."""
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise PortTaken(f"cannot listen at {host}:{port} ({os.strerror(error.errno or 0).lower()})") from error
