"""`bildwerk sandbox up | down | status`: PostgreSQL, a broker and a simulated Ollama to try things with."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from bildwerk.sandbox.control import bring_up, find_stack, take_down, write_exports
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.stack import start_stack

app = typer.Typer(help="The embedded stack: PostgreSQL, a broker and a simulated Ollama.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option(help="Keep the database in this folder; without one it ends with the sandbox.")
]
Where = Annotated[Path | None, typer.Option(help="The folder that `sandbox up` was given, if it was.")]
Slots = Annotated[int, typer.Option(min=0, help="Parallel calls of the simulated Ollama; 0 starts none.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return when it runs; `bildwerk sandbox down` stops it.")]


@app.command()
def up(folder: Folder = None, slots: Slots = 4, detach: Detach = False) -> None:
    """Start a sandbox and print the lines that point other commands at it."""
    try:
        asyncio.run(_detach(folder, slots or None) if detach else _hold(folder, slots or None))
    except SandboxError as error:
        _refuse(error)


@app.command()
def down(folder: Where = None) -> None:
    """Stop the sandbox."""
    try:
        stopped = asyncio.run(take_down(folder))
    except SandboxError as error:
        _refuse(error)
    typer.echo("stopped" if stopped else "no sandbox is running")


@app.command()
def status(folder: Where = None) -> None:
    """Print the lines that point other commands at the sandbox; exit status 1 when none is running."""
    stack = find_stack(folder)
    if stack is None:
        typer.echo("no sandbox is running", err=True)
        raise typer.Exit(1)
    typer.echo(write_exports(stack))


async def _detach(folder: Path | None, slots: int | None) -> None:
    typer.echo(write_exports(await bring_up(folder, slots=slots)))


async def _hold(folder: Path | None, slots: int | None) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with start_stack(folder, slots=slots, listed=True) as stack:
        typer.echo(write_exports(stack))
        typer.echo("Ctrl-C stops the sandbox.", err=True)
        await stopping.wait()


def _refuse(error: SandboxError) -> None:
    typer.echo(f"bildwerk: {error}", err=True)
    raise typer.Exit(1)
