"""`/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

LOOK_SECONDS = 5.0
"""A check that has not answered by then has failed."""

Check = Callable[[], Awaitable[str | None]]
"""Looks at one thing the service needs; answers None when it is fine, else a reason code, and what to do after a colon.

Need not catch anything."""


class Readiness(Protocol):
    """What the service needs to do its work, by name."""

    def checks(self) -> Mapping[str, Check]:
        """The checks there are now."""


def make_app(readiness: Readiness, show_metrics: Callable[[], Awaitable[bytes]]) -> Starlette:
    """The web application; `show_metrics` gives Prometheus' text."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        found = await look(readiness.checks())
        ready = all(state == "ok" for state in found.values())
        return JSONResponse({"ready": ready, "checks": found}, status_code=200 if ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(await show_metrics(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


async def look(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run all checks at once; `ok` or a reason code for each."""
    return dict(zip(checks, await asyncio.gather(*map(_ask, checks.values())), strict=True))


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await check() or "ok"
    except TimeoutError:
        return "timeout"
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, not a crash of the page
        return type(error).__name__
