"""The control port: scripts faults, tells what happened. No part of Ollama's API."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bildwerk.sandbox.simulated_ollama.faults import BadRule, read_rules
from bildwerk.sandbox.simulated_ollama.listener import Listener
from bildwerk.sandbox.simulated_ollama.simulation import Simulation

Endpoint = Callable[[Request], Awaitable[Response]]


def create_control(simulation: Simulation, listener: Listener) -> Starlette:
    """The application on the control port."""
    return Starlette(
        routes=[
            Route("/control/faults", _add(simulation, listener), methods=["POST"]),
            Route("/control/faults", _heal(simulation, listener), methods=["DELETE"]),
            Route("/control/faults", _faults(simulation), methods=["GET"]),
            Route("/control/calls", _calls(simulation), methods=["GET"]),
            Route("/control/calls", _forget(simulation), methods=["DELETE"]),
            Route("/control/state", _state(simulation, listener), methods=["GET"]),
        ]
    )


def _body(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _add(simulation: Simulation, listener: Listener) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            rules = read_rules(orjson.loads(await request.body()))
        except (BadRule, orjson.JSONDecodeError) as wrong:
            return _body({"error": str(wrong)}, 400)
        simulation.script.add(rules)
        for rule in rules:
            if rule.fault == "refuse":
                listener.refuse(rule.seconds)
        await asyncio.sleep(0)  # connections that are cut are closed by the loop's next turn, and then we answer
        return _body({"rules": [rule.shown() for rule in simulation.script.rules]})

    return endpoint


def _heal(simulation: Simulation, listener: Listener) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        simulation.script.clear()
        simulation.log.stir()
        await listener.listen()
        return _body({"rules": []})

    return endpoint


def _faults(simulation: Simulation) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return _body({"rules": [rule.shown() for rule in simulation.script.rules]})

    return endpoint


def _calls(simulation: Simulation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        records = simulation.log.listed()
        for key in ("job", "media"):
            if key in request.query_params:
                records = [r for r in records if r[key] == request.query_params[key]]
        return _body({"calls": records})

    return endpoint


def _forget(simulation: Simulation) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        simulation.log.clear()
        simulation.runner.max_running = len(simulation.runner.running)
        return _body({"calls": []})

    return endpoint


def _state(simulation: Simulation, listener: Listener) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        runner = simulation.runner
        return _body(
            {
                "pose": simulation.pose.version,
                "models": list(simulation.models),
                "loaded": runner.loaded.model.name if runner.loaded else None,
                "slots": len(runner.slots),
                "running": len(runner.running),
                "queued": runner.queued,
                "max_running": runner.max_running,
                "refusing": listener.refusing,
                "calls": simulation.log.count,
                "faults": [rule.shown() for rule in simulation.script.rules],
            }
        )

    return endpoint
