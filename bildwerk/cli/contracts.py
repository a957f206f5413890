"""`bildwerk contracts`: what goes over the topics and into `media_meta`, for the programs at the other end."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from contracts import values
from contracts.asyncapi import describe_topics
from contracts.dead_letters import LetterBody
from contracts.events import EVENTS
from contracts.topics import Topic
from contracts.upcasting import CURRENT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def contracts(
    folder: Annotated[Path | None, typer.Argument(help="Write one file per schema here instead of printing.")] = None,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="Print the AsyncAPI document instead.")] = False,
) -> None:
    """Print the JSON Schemas of events and of the values in media_meta, or write them and the AsyncAPI document."""
    if asyncapi:
        typer.echo(orjson.dumps(describe_topics(), option=PRETTY), nl=False)
        return
    schemas = list_schemas()
    if folder is None:
        typer.echo(orjson.dumps(schemas, option=PRETTY), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.schema.json": schema for name, schema in schemas.items()} | {"asyncapi.json": describe_topics()}
    for name, document in files.items():
        (folder / name).write_bytes(orjson.dumps(document, option=PRETTY))
        typer.echo(str(folder / name))


def list_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its event or key."""
    named: dict[str, dict[str, Any]] = {
        topic.value: {"$id": f"urn:bildwerk:schema:{topic}:{CURRENT[topic]}", **model.model_json_schema()}
        for topic, model in EVENTS.items()
    }
    named |= {Topic.DEAD_LETTER.value: LetterBody.model_json_schema()}
    named |= {key: values.describe(key) for key in values.KEYS}
    return {name: {"$schema": DIALECT, **schema} for name, schema in named.items()}
