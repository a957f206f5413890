"""`/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

LOOK_SECONDS = 5.0
"""A check that has not answered by then has failed."""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""These pages are for monitors: a browser is to keep, guess, run and show nothing of them in another page."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

Check = Callable[[], Awaitable[str | None]]
"""Looks at one thing the service needs; answers None when it is fine, else a reason code, and what to do after a colon.

Need not catch anything."""


class Health(Protocol):
    """How the service is."""

    def overdue(self) -> list[str]:
        """The names of its loops that are dead or stuck."""

    def checks(self) -> Mapping[str, Check]:
        """What it needs to do its work, by name."""


def name_hosts(address: str) -> Sequence[str]:
    """By which names pages at this address may be asked for: those of this machine only, if nobody else reaches them.

    Else a page of anybody's could read them through its visitor, once its own name leads here (DNS rebinding).
    """
    return LOOPBACK if address in (*LOOPBACK, "::1") else ("*",)


def make_app(health: Health, show_metrics: Callable[[], Awaitable[bytes]], hosts: Sequence[str] = ("*",)) -> Starlette:
    """The web application for requests to these `hosts`; `show_metrics` gives Prometheus' text."""
    looks = Looks()

    async def healthz(_request: Request) -> Response:
        overdue = health.overdue()
        said = f"stuck: {', '.join(overdue)}\n" if overdue else "ok\n"
        return PlainTextResponse(said, 503 if overdue else 200, headers=HEADERS)

    async def readyz(_request: Request) -> Response:
        found = await looks.look(health.checks())
        ready = all(state == "ok" for state in found.values())
        return JSONResponse({"ready": ready, "checks": found}, status_code=200 if ready else 503, headers=HEADERS)

    async def metrics(_request: Request) -> Response:
        return Response(await show_metrics(), media_type=CONTENT_TYPE_LATEST, headers=HEADERS)

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)],
        middleware=[Middleware(_KnownHosts, allowed_hosts=list(hosts), www_redirect=False)],
    )


class _KnownHosts(TrustedHostMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = any(name == b"host" for name, _ in scope.get("headers", ()))
        # Who names no host is a monitor (HAProxy speaks HTTP/1.0): every browser does.
        await (super().__call__ if named else self.app)(scope, receive, send)


@dataclass
class Looks:
    """Runs checks, each one once at a time, and waits `seconds` for them.

    One that takes longer is left to end by itself: a statement that is cancelled waits for PostgreSQL's word on it.
    """

    seconds: float = LOOK_SECONDS
    _under_way: dict[str, "asyncio.Task[str | None]"] = field(default_factory=dict)

    async def look(self, checks: Mapping[str, Check]) -> dict[str, str]:
        """Run all checks at once; `ok` or a reason code for each."""
        return dict(zip(checks, await asyncio.gather(*map(self._ask, checks, checks.values())), strict=True))

    async def _ask(self, name: str, check: Check) -> str:
        task = self._under_way.get(name)
        if task is None or task.done():
            task = self._under_way[name] = asyncio.create_task(_run(check), name=f"check {name}")
        await asyncio.wait([task], timeout=self.seconds)
        return (task.result() or "ok") if task.done() else "timeout"


async def _run(check: Check) -> str | None:
    try:
        return await check()
    except TimeoutError:
        return "timeout"
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, not a crash of the page
        return type(error).__name__
