"""The command line: `python -m bildwerk.sandbox.simulated_ollama`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from PIL import ImageFile

from bildwerk.sandbox.simulated_ollama.api import create_api
from bildwerk.sandbox.simulated_ollama.calls import CallLog
from bildwerk.sandbox.simulated_ollama.control import create_control
from bildwerk.sandbox.simulated_ollama.drawn_times import DrawnTimes
from bildwerk.sandbox.simulated_ollama.faults import Script
from bildwerk.sandbox.simulated_ollama.listener import Listener
from bildwerk.sandbox.simulated_ollama.models import SIMULATED, available
from bildwerk.sandbox.simulated_ollama.poses import POSES
from bildwerk.sandbox.simulated_ollama.reading import Memory
from bildwerk.sandbox.simulated_ollama.runner import Runner
from bildwerk.sandbox.simulated_ollama.simulation import Simulation

_ABOUT = f"""A simulated Ollama. It looks at no picture with a model: its answers are made from the pixels, and carry
the model name {SIMULATED}. When ready it prints one line: "listening http://HOST:PORT control http://HOST:PORT"."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bildwerk.sandbox.simulated_ollama", description=_ABOUT)
    parser.add_argument("--host", default="127.0.0.1", help="address of both ports (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="Ollama's port; 0: any free one (default)")
    parser.add_argument("--control-port", type=int, default=0, help="control port; 0: any free one (default)")
    parser.add_argument("--pose", choices=POSES, default="0.33.0", help="version to answer as (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=4, help="calls run at once (default: %(default)s)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append one JSON line per finished call")
    _add_times(parser)
    parser.add_argument(
        "--prompt-path", choices=("native", "rendered"), default="native",
        help=f"how 0.33.0 prompts {SIMULATED}: by the model file's template (text before picture, answers in "
        "alphabetical order) or by a Go template (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--attention", choices=("full", "sliding"), default="full",
        help="sliding: no prompt is ever reused by 0.33.0 (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--architecture", default="simulated", metavar="NAME",
        help=f"what {SIMULATED} says that it is; it behaves no differently (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--num-ctx", type=int, default=4096, help="context length (default: %(default)s)")
    parser.add_argument(
        "--recorded-models", action="store_true", help="also have the models tiny and tiny-text of the recording"
    )
    parser.add_argument(
        "--also", action="append", default=[], metavar="MODEL", help=f"have one more model that is as {SIMULATED}"
    )
    arguments = parser.parse_args()
    if arguments.slots < 1:
        parser.error("--slots must be at least 1")
    return arguments


def _add_times(parser: argparse.ArgumentParser) -> None:
    """The options that say how long things take."""
    parser.add_argument(
        "--picture-seconds", type=float, default=0.3,
        help="time to read one new picture; text tokens cost their measured share of it (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--token-seconds", type=float, default=0.002,
        help="time to generate one token (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--call-seconds", type=float,
        help="draw the time of each call instead, by its medium and job: the mean of a lognormal distribution",
    )  # fmt: skip
    parser.add_argument(
        "--call-spread", type=float, default=0.25,
        help="standard deviation of the logarithm of a drawn time (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--load-seconds", type=float, default=0.2, help="time to load a model (default: %(default)s)")


def _simulation(arguments: argparse.Namespace) -> Simulation:
    pose = POSES[arguments.pose]
    memory = Memory(arguments.picture_seconds, pose.modern, arguments.attention == "sliding")
    mean, spread = arguments.call_seconds, arguments.call_spread
    drawn = None if mean is None else DrawnTimes(mean, spread)
    return Simulation(
        pose=pose,
        models=available(
            native=arguments.prompt_path == "native",
            recorded=arguments.recorded_models,
            architecture=arguments.architecture,
            others=arguments.also,
        ),
        runner=Runner(arguments.slots, arguments.load_seconds, memory),
        script=Script(),
        log=CallLog(arguments.log),
        token_seconds=arguments.token_seconds if drawn is None else 0.0,
        num_ctx=arguments.num_ctx,
        drawn=drawn,
    )


async def _serve(arguments: argparse.Namespace) -> None:
    simulation = _simulation(arguments)
    ollama = Listener(arguments.host, arguments.port)
    control = Listener(arguments.host, arguments.control_port)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await ollama.serve(create_api(simulation, ollama.reset))
    await control.serve(create_control(simulation, ollama))
    print(f"listening {ollama.url} control {control.url}", flush=True)  # noqa: T201 - what the starter waits for
    await stopped.wait()
    await ollama.close()
    await control.close()


def main() -> None:
    """Serve until SIGTERM or SIGINT. Exit status 1 when a port is taken."""
    # A truncated JPEG is answered by all three recorded servers as if nothing were wrong. It holds for a whole process.
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        asyncio.run(_serve(_arguments()))
    except OSError as error:
        sys.exit(f"the simulated Ollama cannot start: {error.strerror}")


if __name__ == "__main__":
    main()
