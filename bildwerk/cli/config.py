"""`bildwerk config`: every setting, its value without secrets, and where that came from."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from bildwerk.addresses import cover_database
from bildwerk.cli.problem import refuse
from bildwerk.environment import SettingsError, read, variable
from bildwerk.settings import Settings
from handlers.inference.hosts import Host


def config() -> None:
    """Print every setting: description, value (secrets covered) and whether it was set or is the default."""
    settings, problem = None, None
    try:
        settings = read(Settings)
    except SettingsError as error:
        problem = error
    for name, field in Settings.model_fields.items():
        typer.echo(f"# {field.description} [{_source(name)}]")
        typer.echo(f"{variable(Settings, name)}={_value(settings, name)}")
    if settings is not None and settings.platform is not None:
        typer.echo("# The platform's tables, as they are taken: [in force]")
        for name, value in settings.platform.entries():
            typer.echo(f"{name}={value}")
    if problem is not None:
        refuse(problem)
        raise typer.Exit(1)


def _source(name: str) -> str:
    key = variable(Settings, name)
    if os.environ.get(key):
        return "set"
    if os.environ.get(f"{key}_FILE"):
        return f"from {key}_FILE"
    return "default" if not Settings.model_fields[name].is_required() else "not set"


def _value(settings: Settings | None, name: str) -> str:
    if settings is not None and name == "database_url":
        return cover_database(settings.database_url.get_secret_value())
    if settings is not None:
        return show(getattr(settings, name))
    if os.environ.get(variable(Settings, name)):
        return "..."
    default = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    return "" if default is PydanticUndefined else show(default)


def show(value: object) -> str:
    """A setting's value as it would be written, secrets covered."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case SecretStr():
            return "********"
        case Mapping():
            return ",".join(f"{name}={show(part)}" for name, part in value.items())
        case Host():
            return f"{value.url}={value.slots}"
        case str() | Path() | int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case Iterable():
            return ",".join(map(show, value))
    return str(value)
