"""The listening socket: it can refuse for a while and cut connections off, as a dying host does."""

import asyncio
import socket
import struct
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class _Tracked(H11Protocol):
    """uvicorn's protocol, findable by the client's address."""

    open: "dict[tuple[str, int], _Tracked]"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            self.open[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.client is not None:
            self.open.pop(self.client, None)


class Listener:
    """An ASGI application on one port. The port stays ours, bound but not listening, while we refuse."""

    def __init__(self, host: str, port: int) -> None:
        self._config: Config | None = None
        self._state = ServerState()
        self._open: dict[tuple[str, int], _Tracked] = {}
        self._server: asyncio.Server | None = None
        self._return: asyncio.TimerHandle | None = None
        self._placeholder = _bound(host, port)
        self.host, self.port = self._placeholder.getsockname()[:2]

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def refusing(self) -> bool:
        """Whether new connections are refused now."""
        return self._server is None

    async def serve(self, app: ASGIApp) -> None:
        """Serve this application from now on."""
        self._config = Config(
            app, lifespan="off", log_config=None, access_log=False, http=_Tracked, ws="none",
            server_header=False, timeout_keep_alive=3600,
        )  # fmt: skip
        self._config.load()
        await self.listen()

    async def listen(self) -> None:
        """Accept connections (again)."""
        if self._return is not None:
            self._return.cancel()
            self._return = None
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol, sock=_bound(self.host, self.port), backlog=1024)

    def refuse(self, seconds: float | None) -> None:
        """Stop listening and cut every connection, for a time or until `listen`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._open):
            self.reset(client)
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._return = loop.call_later(seconds, lambda: asyncio.ensure_future(self.listen()))

    def reset(self, client: tuple[str, int]) -> None:
        """Cut one client's connection with a TCP reset."""
        protocol = self._open.get(client)
        if protocol is None:
            return
        raw: Any = protocol.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        protocol.transport.abort()

    async def close(self) -> None:
        """Stop for good; whatever still runs is cut off."""
        self.refuse(None)
        self._placeholder.close()
        for task in list(self._state.tasks):
            task.cancel()

    def _protocol(self) -> _Tracked:
        if self._config is None:
            text = "nothing to serve yet"
            raise RuntimeError(text)
        protocol = _Tracked(self._config, self._state, {})
        protocol.open = self._open
        return protocol


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) only on sockets that name their protocol.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setblocking(False)
    bound.bind((host, port))
    return bound
