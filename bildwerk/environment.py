"""Settings out of the environment: names, files that hold values, and errors a person can act on."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bildwerk.platform_entries import VARIABLE

S = TypeVar("S", bound=BaseSettings)


class SettingsError(Exception):
    """The environment is not usable; `problems` holds one line for each thing to mend, without any value."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def variable(model: type[BaseSettings], name: str) -> str:
    """The environment variable that sets the field `name`."""
    alias = model.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{model.model_config['env_prefix']}{name}".upper()


def variables(model: type[BaseSettings]) -> dict[str, str]:
    """Field names by the environment variable that sets them."""
    return {variable(model, name): name for name in model.model_fields}


class FileVariants(PydanticBaseSettingsSource):
    """`<VARIABLE>_FILE` names a file whose text is the value, as container secrets are handed over."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """The file's text without surrounding white space, or None. Raises SettingsError when it cannot be read."""
        name = variable(self.settings_cls, field_name)
        path = os.environ.get(f"{name}_FILE")
        if not path:
            return None, name, False
        if os.environ.get(name):
            raise SettingsError(f"{name} and {name}_FILE are both set: keep one")
        try:
            return Path(path).read_text("utf-8").strip(), name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE names a file that cannot be read ({type(error).__name__})") from None

    def __call__(self) -> dict[str, Any]:
        """All values found in files, by field name or alias."""
        found = {}
        for field_name, field in self.settings_cls.model_fields.items():
            value, name, _ = self.get_field_value(field, field_name)
            if value is not None:
                found[name if field.validation_alias else field_name] = value
        return found


def read(model: type[S], /, **given: Any) -> S:
    """The settings in the environment, `given` values first. Raises SettingsError."""
    problems = unknown(model, os.environ)
    try:
        settings = model(**given)
    except ValidationError as error:
        problems += _explained(model, error)
    if problems:
        raise SettingsError(*problems)
    return settings


def unknown(model: type[BaseSettings], environment: Mapping[str, str]) -> list[str]:
    """A line for each variable with our prefix that sets nothing."""
    prefix = str(model.model_config["env_prefix"])
    known = {name for variable in variables(model) for name in (variable, f"{variable}_FILE")}
    return [
        f"{name} is not a setting{_nearest(name.upper(), known, prefix)}"
        for name in sorted(environment)
        if name.upper().startswith(prefix)
        and name.upper() not in known
        and not name.upper().startswith(f"{VARIABLE}__")
    ]


def _nearest(name: str, known: set[str], prefix: str) -> str:
    # What all have in common makes none of them near.
    endings = {other.removeprefix(prefix): other for other in sorted(known)}
    near = get_close_matches(name.removeprefix(prefix), endings, n=1, cutoff=0.6)
    return f": did you mean {endings[near[0]]}?" if near else "; `bildwerk config` lists all"


def _explained(model: type[BaseSettings], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = str(problem["loc"][0])
        name = variable(model, place) if place in model.model_fields else place
        if problem["type"] == "missing":
            lines.append(_not_set(model, name, place))
            continue
        for said in problem["msg"].removeprefix("Value error, ").splitlines():
            message = said.removeprefix(f"{name}: ").removeprefix(f"{name} ")
            lines.append(f"{name}: {message[:1].lower()}{message[1:]}")
    return list(dict.fromkeys(lines))


def _not_set(model: type[BaseSettings], name: str, place: str) -> str:
    known = variables(model)
    examples = model.model_fields[known.get(name, place)].examples
    return f"{name} is not set: it looks like {examples[0]}" if examples else f"{name} is not set"
