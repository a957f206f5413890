"""`bildwerk sandbox up | down | status`: PostgreSQL, a broker and a simulated Ollama to try things with."""

import asyncio
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bildwerk.sandbox.control import bring_up, find_stack, take_down, write_exports
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import prepare_kafka
from bildwerk.sandbox.stack import start_stack


class Broker(StrEnum):
    """What speaks Kafka's protocol."""

    EMBEDDED = "embedded"
    APACHE_KAFKA = "apache-kafka"


app = typer.Typer(help="The embedded stack: PostgreSQL, a broker and a simulated Ollama.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        help="Keep all data in this folder; without one they end with the sandbox. The embedded broker keeps none."
    ),
]
Where = Annotated[Path | None, typer.Option(help="The folder that `sandbox up` was given, if it was.")]
Slots = Annotated[int, typer.Option(min=0, help="Parallel calls of the simulated Ollama; 0 starts none.")]
Kind = Annotated[
    Broker, typer.Option("--broker", help="`apache-kafka` needs Java 17; Maven fetches it once, some 45 MB.")
]
Brokers = Annotated[int, typer.Option(min=1, max=9, help="Brokers of Apache Kafka; topics have up to three copies.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return when it runs; `bildwerk sandbox down` stops it.")]


@app.command()
def up(
    folder: Folder = None,
    slots: Slots = 4,
    broker: Kind = Broker.EMBEDDED,
    brokers: Brokers = 1,
    detach: Detach = False,
) -> None:
    """Start a sandbox and print the lines that point other commands at it."""
    if brokers > 1 and broker is Broker.EMBEDDED:
        _refuse(SandboxError("several --brokers are Apache Kafka's: add --broker apache-kafka"))
    try:
        asyncio.run(_up(folder, slots or None, broker, brokers, detach=detach))
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


async def _up(folder: Path | None, slots: int | None, broker: Broker, brokers: int, *, detach: bool) -> None:
    kafka = await prepare_kafka(_tell) if broker is Broker.APACHE_KAFKA else None
    if detach:
        typer.echo(write_exports(await bring_up(folder, slots=slots, kafka=kafka, brokers=brokers)))
        return
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with start_stack(folder, slots=slots, listed=True, kafka=kafka, brokers=brokers) as stack:
        typer.echo(write_exports(stack))
        typer.echo("Ctrl-C stops the sandbox.", err=True)
        await stopping.wait()


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _refuse(error: SandboxError) -> NoReturn:
    typer.echo(f"bildwerk: {error}", err=True)
    raise typer.Exit(1)
