"""`bildwerk contracts`: the events as JSON Schema, for the programs at the other end of the topics."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from contracts.events import EVENTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def contracts(
    folder: Annotated[Path | None, typer.Argument(help="Write one file per event here instead of printing.")] = None,
) -> None:
    """Print the JSON Schemas of the events, or write them to a folder."""
    schemas = {topic.value: {"$schema": DIALECT, **model.model_json_schema()} for topic, model in EVENTS.items()}
    if folder is None:
        typer.echo(orjson.dumps(schemas, option=PRETTY), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        (folder / f"{name}.schema.json").write_bytes(orjson.dumps(schema, option=PRETTY))
        typer.echo(str(folder / f"{name}.schema.json"))
