"""`bildwerk serve`: one instance of the service."""

import asyncio

import structlog

from bildwerk import wiring
from bildwerk.cli.doctor import examine
from bildwerk.cli.finding import Finding
from bildwerk.cli.problem import Problem
from bildwerk.environment import read
from bildwerk.settings import Settings
from bildwerk.telemetry import logs
from bildwerk.telemetry.metrics import Metrics
from bildwerk.web.server import PortTaken

log = structlog.get_logger("bildwerk.cli.serve")


def serve() -> None:
    """Work until SIGTERM or Ctrl-C: then finish the calls under way and stop. Any number may run side by side."""
    settings = read(Settings)
    asyncio.run(require_services(settings))
    metrics = Metrics()
    logs.configure(settings.log_level, settings.log_format, metrics.watch)
    try:
        asyncio.run(wiring.serve(settings, metrics))
    except (wiring.CutShort, PortTaken):
        raise
    except Exception:
        log.critical("process.crashed", exc_info=True)
        raise


async def require_services(settings: Settings) -> None:
    """Raise Problem unless everything the service needs is there; one Ollama host of several is enough."""
    findings = [finding async for finding in examine(settings)]
    wrong = [finding for finding in findings if finding.wrong and not finding.warning]
    if any(finding.host and not finding.wrong for finding in findings):
        wrong = [finding for finding in wrong if not finding.host]
    if wrong:
        raise Problem(*map(_say, wrong))


def _say(finding: Finding) -> str:
    return f"{finding.what}: {finding.wrong}"
