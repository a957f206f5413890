"""The HTTP server around the application; signals stay with the service."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

STOP_SECONDS = 2
"""Nobody waits for a monitor's request."""
MOST_AT_ONCE = 64
"""Connections; who comes beyond is sent away, and takes no memory from the work."""


class PortTaken(Exception):
    """The address cannot be listened at; the message names it."""


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
