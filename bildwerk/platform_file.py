"""Reading a mapping: what a TOML document says of a platform's tables, or every mistake in it as one line.

    [media]
    table = "library.assets"
    [media.columns]
    path = "file_name"
    hash = false                 # there is none
    [media.words.quality_status]
    ok = "good"
    [media_meta]
    keys = {locks = "protected", scan = "moderation."}
    types = {value = "text"}
    [tags]                       # `tags = false`: there is no such table
    table = "library.labels"

What is not named has our names.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from db.platform import SCAN, PlatformMapping, Table
from db.platform_parts import KEYS, PARTS, WORDS, Kind

JSON_TYPES: Final = ("jsonb", "json", "text")


class BadMapping(ValueError):
    """The mapping cannot be used; each argument is one line: what, and what to do."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


def parse(document: Mapping[str, Any]) -> PlatformMapping:
    """The mapping that a TOML document describes. Raises BadMapping."""
    problems = list(_name_unknown("", document, PARTS))
    tables: dict[str, Table | None] = {}
    words: dict[str, Mapping[str, str]] = {}
    keys: Mapping[str, str | None] = {}
    types: dict[str, str] = {}
    for name, part in PARTS.items():
        entry = document.get(name, {})
        tables[name] = None
        if entry is False and not part.required:
            continue
        if not isinstance(entry, dict):
            no = "" if part.required else ", or false where there is none"
            problems.append(f"{name} is a section with `table` and `columns`{no}")
            continue
        problems += _name_unknown(f"{name}.", entry, _sections(name))
        tables[name] = _read_table(name, entry, problems)
        types |= _read_types(name, _section(f"{name}.types", entry, problems), problems)
        if name == "media":
            words = _read_words(_section("media.words", entry, problems), problems)
        if name == "media_meta":
            keys = _read_keys(_section("media_meta.keys", entry, problems), problems)
    if problems:
        raise BadMapping(*problems)
    return PlatformMapping(tables, words, keys, types)


def _sections(name: str) -> list[str]:
    json = any(column.kind is Kind.JSON for column in PARTS[name].columns.values())
    more = {"media": ["words"], "media_meta": ["keys"]}.get(name, [])
    return ["table", "columns", *(["types"] if json else []), *more]


def _section(place: str, entry: Mapping[str, Any], problems: list[str]) -> Mapping[str, Any]:
    found = entry.get(place.rpartition(".")[2], {})
    if isinstance(found, dict):
        return found
    problems.append(f"{place} is a section of its own")
    return {}


def _read_table(name: str, entry: Mapping[str, Any], problems: list[str]) -> Table:
    spelled = entry.get("table", name)
    if not isinstance(spelled, str) or not all(spelled.split(".", 1)):
        problems.append(f"{name}.table is the name of a table, such as schema.table")
        spelled = name
    schema, _, table = spelled.rpartition(".") if spelled.count(".") < 2 else spelled.partition(".")
    given = _section(f"{name}.columns", entry, problems)
    problems += _name_unknown(f"{name}.columns.", given, PARTS[name].columns)
    columns: dict[str, str | None] = {}
    for column, what in PARTS[name].columns.items():
        found = given.get(column, column)
        columns[column] = found if isinstance(found, str) and found else None
        if found is False and what.required:
            problems.append(f"{name}.columns.{column} must be there: name the column")
        elif found is not False and not columns[column]:
            problems.append(f"{name}.columns.{column} is the name of a column, or false where there is none")
    named = [column for column in columns.values() if column]
    problems.extend(f"{name}.columns names {c} twice" for c in sorted({c for c in named if named.count(c) > 1}))
    return Table(schema or "public", table, columns)


def _read_types(name: str, given: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    known = [column for column, what in PARTS[name].columns.items() if what.kind is Kind.JSON]
    problems += _name_unknown(f"{name}.types.", given, known)
    bad = [column for column in known if given.get(column, "jsonb") not in JSON_TYPES]
    problems.extend(f"{name}.types.{column} is one of {', '.join(JSON_TYPES)}" for column in bad)
    return {f"{name}.{column}": str(given[column]) for column in known if column in given}


def _read_words(given: Mapping[str, Any], problems: list[str]) -> dict[str, Mapping[str, str]]:
    problems += _name_unknown("media.words.", given, WORDS)
    found: dict[str, Mapping[str, str]] = {}
    for column, known in WORDS.items():
        words = _section(f"media.words.{column}", given, problems)
        problems += _name_unknown(f"media.words.{column}.", words, known)
        wrong = [word for word, theirs in words.items() if not isinstance(theirs, str) or not theirs]
        problems.extend(f"media.words.{column}.{word} is a word" for word in wrong)
        if words and not wrong:
            found[column] = {word: words.get(word, word) for word in known}
            if len(set(found[column].values())) < len(known):
                problems.append(f"media.words.{column} has one word for two of {', '.join(known)}")
    return found


def _read_keys(given: Mapping[str, Any], problems: list[str]) -> dict[str, str | None]:
    known = [*KEYS, SCAN]
    problems += _name_unknown("media_meta.keys.", given, known)
    wrong = [key for key, theirs in given.items() if theirs is not False and not (isinstance(theirs, str) and theirs)]
    problems.extend(f"media_meta.keys.{key} is a key, or false where there is none" for key in wrong)
    said = [given.get(key, key) for key in KEYS]
    twice = sorted({str(theirs) for theirs in said if theirs and said.count(theirs) > 1})
    problems.extend(f"media_meta.keys has {theirs} for two keys: say false for one" for theirs in twice)
    ours = [key for key, theirs in given.items() if isinstance(theirs, str) and theirs.startswith("ollama.")]
    problems.extend(f"media_meta.keys.{key} begins with ollama., which is ours" for key in ours)
    return {key: given[key] or None for key in known if key in given}


def _name_unknown(place: str, given: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    names = list(known)
    for name in given:
        if name not in names:
            near = get_close_matches(str(name), names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(names)}"
            yield f"{place}{name} is nothing that can be set: {hint}"
