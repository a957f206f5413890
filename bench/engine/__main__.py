"""The engine as a process: `python -m bench.engine MODEL PROJECTOR --slots 4 --port 0`; says where it listens."""

import argparse
import asyncio
from pathlib import Path

import httpx
import uvicorn

from bench.engine.front import Way, make_front
from bench.engine.process import MEMORY

BATCH = 2048
"""Tokens read at once: a picture's tokens see each other and must come in one."""


def _start_engine(asked: argparse.Namespace) -> tuple[object, str]:
    import xllamacpp  # noqa: PLC0415 - only this process needs it, and it is large

    params = xllamacpp.CommonParams()
    params.model.path, params.mmproj.path = str(asked.text), str(asked.sight)
    params.n_parallel, params.n_ctx = asked.slots, asked.slots * asked.context
    params.n_batch = params.n_ubatch = BATCH
    params.n_gpu_layers, params.cache_ram_mib = 0, asked.memory
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.use_jinja, params.warmup = True, False
    server = xllamacpp.Server(params)
    return server, str(server.listening_address)


async def _serve(arguments: argparse.Namespace) -> None:
    server, address = _start_engine(arguments)
    async with httpx.AsyncClient(base_url=address, timeout=None, trust_env=False) as engine:  # noqa: S113 - it is ours
        app = make_front(engine, arguments.text.stem, arguments.way)
        front = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", arguments.port, log_level="warning"))
        serving = asyncio.create_task(front.serve())
        while not front.started:
            await asyncio.sleep(0.01)
        port = front.servers[0].sockets[0].getsockname()[1]
        print(f"listening http://127.0.0.1:{port}", flush=True)
        await serving
    del server


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser("bench.engine")
    parser.add_argument("text", type=Path)
    parser.add_argument("sight", type=Path)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--context", type=int, default=8192, help="tokens per slot")
    parser.add_argument("--memory", type=int, default=MEMORY, help="MiB for prompts that lost their slot; 0: none")
    parser.add_argument("--way", type=Way, choices=list(Way), default=Way.NATIVE, help="who makes the prompt")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
