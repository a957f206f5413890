"""The command `bildwerk`: one module per command."""

import sys

import typer

from bildwerk.cli import config, contracts, demo, doctor, explain, ingest, migrate, sandbox, serve, status, up
from bildwerk.cli.problem import refuse
from bildwerk.telemetry.logs import silence

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""

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
app.command()(status.status)
app.command()(explain.explain)
app.command()(doctor.doctor)
app.command()(contracts.contracts)
app.command()(config.config)
app.add_typer(sandbox.app, name="sandbox")


def main() -> None:
    """Run one command. The environment's faults are lines and exit status 1, never a traceback."""
    silence()
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not refuse(error):
            raise
        sys.exit(1)
