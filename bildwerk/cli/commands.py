"""All commands, put together."""

import sys
from typing import Annotated

import typer

from bildwerk import __version__
from bildwerk.cli import (
    config,
    contracts,
    dead_letters,
    demo,
    doctor,
    duplicates,
    explain,
    export,
    failures,
    ingest,
    migrate,
    policy,
    replay,
    sandbox,
    score,
    serve,
    status,
    tags,
    up,
)
from bildwerk.cli.problem import refuse
from bildwerk.telemetry.logs import silence

app = typer.Typer(
    help="Captions, titles and more for an image library, from local vision models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(up.up)
app.command()(serve.serve)
app.command()(migrate.migrate)
app.command()(ingest.ingest)
app.command()(score.score)
app.command()(replay.replay)
app.command()(status.status)
app.command()(explain.explain)
app.command()(export.export)
app.command()(doctor.doctor)
app.command()(contracts.contracts)
app.command()(config.config)
app.add_typer(policy.app, name="policy")
app.add_typer(tags.app, name="tags")
app.add_typer(duplicates.app, name="duplicates")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(failures.app, name="failures")
app.add_typer(sandbox.app, name="sandbox")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bildwerk {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Captions, titles and more for an image library, from local vision models."""


def run() -> None:
    """Run the command named on the command line. The environment's faults are lines and status 1, never a traceback."""
    silence()
    try:
        app(standalone_mode=True)
    except Exception as error:
        if not refuse(error):
            raise
        sys.exit(1)
