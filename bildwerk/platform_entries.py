"""The setting `platform`: a TOML file, single entries in the environment, and the mapping that they come to.

`BILDWERK_PLATFORM__MEDIA__COLUMNS__PATH=file_name` is an entry, `...__HASH=false` says that there is no such column.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from bildwerk.platform_file import BadMapping, parse
from db.platform import PlatformMapping

VARIABLE: Final = "BILDWERK_PLATFORM"
MAX_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Platform:
    """The setting: the file, if there is one, and what it and the environment come to."""

    file: Path | None
    mapping: PlatformMapping

    def __str__(self) -> str:
        """As the variable is written."""
        return "" if self.file is None else str(self.file)

    def entries(self) -> Iterator[tuple[str, str]]:
        """Every entry in force, by the variable that would set it."""
        mapping = self.mapping
        for name, table in mapping.tables.items():
            place = f"{VARIABLE}__{name.upper()}"
            if table is None:
                yield place, "false"
                continue
            yield f"{place}__TABLE", f"{table.schema}.{table.name}"
            for column, found in table.columns.items():
                yield f"{place}__COLUMNS__{column.upper()}", found or "false"
        for column, words in mapping.words.items():
            for word, theirs in words.items():
                yield f"{VARIABLE}__MEDIA__WORDS__{column.upper()}__{word.upper()}", theirs
        for key, found in mapping.keys.items():
            yield f"{VARIABLE}__MEDIA_META__KEYS__{key.upper()}", found or "false"
        for place, stored in mapping.types.items():
            name, _, column = place.upper().partition(".")
            yield f"{VARIABLE}__{name}__TYPES__{column}", stored


class PlatformEntries(PydanticBaseSettingsSource):
    """`BILDWERK_PLATFORM` and, over it, every variable `BILDWERK_PLATFORM__...`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """The file's path under the empty name, and the entries; None when none is set."""
        found: dict[str, Any] = {}
        for name, value in sorted(os.environ.items()):
            path = name.upper().removeprefix(f"{VARIABLE}__").lower().split("__")
            if not name.upper().startswith(f"{VARIABLE}__") or not value:
                continue
            place = found
            for step in path[:-1]:
                inner = place.setdefault(step, {})
                place = inner if isinstance(inner, dict) else {}
            place[path[-1]] = False if value.lower() == "false" else value
        if found and (file := _find_file()):
            found[""] = file
        return found or None, "platform", False

    def __call__(self) -> dict[str, Any]:
        """The one field, where entries are set; a file alone is any setting's business."""
        found, name, _ = self.get_field_value(self.settings_cls.model_fields["platform"], "platform")
        return {} if found is None else {name: found}


def _find_file() -> str | None:
    named = os.environ.get(f"{VARIABLE}_FILE")  # which holds the name, as of any setting
    return Path(named).read_text("utf-8").strip() if named else os.environ.get(VARIABLE)


def read_platform(value: object) -> object:
    """The setting out of the file's path and the entries. Raises BadMapping with every mistake in them."""
    if isinstance(value, Mapping):
        given = dict(value)
        file = Path(given.pop("")) if "" in given else None
        return Platform(file, parse(_merge(_load(file) if file else {}, given)))
    if isinstance(value, str | Path):
        return Platform(Path(value), parse(_load(Path(value))))
    return value


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadMapping(f"the file is larger than {MAX_BYTES} bytes: name a file of table names")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise BadMapping(f"the file cannot be read ({error.strerror}): name a file that can be") from None
    except UnicodeDecodeError:
        raise BadMapping("the file is not UTF-8: save it as such") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadMapping(f"the file is not TOML: {error}") from None


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
