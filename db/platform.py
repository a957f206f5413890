"""Speaking of a platform's tables by our names.

`db/sql/*.sql` names the six tables and their columns as our own migrations make them. `PlatformMapping.render` turns
such a statement into one about the tables that are there:

- where a table is *read*, `public.media` becomes a subquery that gives its columns our names and types; PostgreSQL
  takes it apart again, so that the platform's indexes serve as before. What is not there reads as null;
- where a table is *written*, the statement names it, and its columns, in braces, since what is changed must be the
  table itself (P17: lock and last value are tested on the row that is written):

  ========================================  ==================================================================
  `{media_meta}`                            the table
  `{media_meta.value}`                      the name of its column
  `{media_meta.value of m}`                 what that column says in the row `m`, as a value of ours
  `{media_meta.value from $3}`              what is stored there for the value `$3` of ours
  `{media_meta: key = $2, value = $3}`      after INSERT INTO: table, columns, and SELECT with what is stored in them
  `{media_meta as m: value = $3}`           after SET: the assignments, in the row `m`
  ========================================  ==================================================================

  Columns that are not there are left out of the last two.

Without a mapping every one of these is rendered as our own names, and everything else stays as it is, letter by letter.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from db.platform_parts import KEYS, NESTED, PARTS, WORDS, Kind

SCAN = "scan"
"""How a mapping of keys names the prefix of scan flags, which it gives with whatever separates it from their names."""
_TABLES = "|".join(sorted(PARTS, key=len, reverse=True))
_PLACES = re.compile(
    rf"""--[^\n]*|'(?:[^']|'')*'
    |\bpublic\.(?P<read>{_TABLES})\b
    |\{{(?P<table>{_TABLES})(?:
        \.(?P<column>\w+)(?:\ of\ (?P<row>\w+)|\ from\ (?P<value>[^{{}}]+))?
        |(?:\ as\ (?P<target>\w+))?:\ (?P<pairs>[^{{}}]+)
    )?\}}""",
    re.VERBOSE,
)
_OUR_NAMES = frozenset(("public", *PARTS, *(column for part in PARTS.values() for column in part.columns)))
_PAIRS = re.compile(r"(\w+) = (.*?)(?:,\s+(?=\w+ = )|$)", re.DOTALL)


class NotThere(Exception):
    """Something would be written where the platform has no table or column for it; the argument is its name here."""


def quote(name: str) -> str:
    """An identifier, whatever it is made of; our own names need no quotes."""
    return name if name in _OUR_NAMES else '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the platform's: schema and name, and the name of each column by ours; None: it has none like that."""

    schema: str
    name: str
    columns: Mapping[str, str | None]

    def __str__(self) -> str:
        """As SQL names it."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def ours(name: str) -> Table:
    """The table as our own migrations make it."""
    return Table("public", name, {column: column for column in PARTS[name].columns})


OUR_TABLES: Final[Mapping[str, Table | None]] = {name: ours(name) for name in PARTS}


@dataclass(frozen=True)
class PlatformMapping:
    """Where everything is, by our names.

    `words` are the platform's words by ours, per column of `WORDS`; `keys` its names of `media_meta` keys (`SCAN`: of
    the prefix), None where it has no such key; `types` says which type a column of JSON has, by `table.column`.
    """

    tables: Mapping[str, Table | None] = field(default_factory=lambda: OUR_TABLES)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keys: Mapping[str, str | None] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    plain: bool = False
    """Nothing is mapped: our names, and no word more than a statement of ours says."""
    _rendered: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def has(self, name: str) -> bool:
        """Whether a table, or a `table.column`, is there."""
        table, _, column = name.partition(".")
        found = self.tables[table]
        return found is not None and (not column or found.columns[column] is not None)

    def render(self, query: str) -> str:
        """The statement, about the platform's tables. Raises NotThere."""
        if "public." not in query and "{" not in query:
            return query  # the names of savepoints never end
        rendered = self._rendered.get(query)
        if rendered is None:
            rendered = self._rendered[query] = _PLACES.sub(partial(_replace, self), query)
        return rendered

    def relation(self, name: str) -> str:
        """What is read as the table `name`: a subquery with our columns, empty where there is no such table."""
        table = self.tables[name]
        says = ", ".join(f"{self.read(name, column)} AS {column}" for column in PARTS[name].columns)
        return f"(SELECT {says} WHERE false)" if table is None else f"(SELECT {says} FROM {table})"  # noqa: S608 - quoted

    def table(self, name: str) -> str:
        """The table that is written. Raises NotThere."""
        table = self.tables[name]
        if table is None:
            raise NotThere(name)
        return str(table)

    def column(self, name: str, column: str) -> str:
        """The name of a column that is written. Raises NotThere."""
        found = self._find(name, column)
        if found is None:
            raise NotThere(f"{name}.{column}")
        return quote(found)

    def read(self, name: str, column: str, row: str = "") -> str:
        """What a column says, as a value of ours; what it would say if it were there, where it is not."""
        found, kind = self._find(name, column), PARTS[name].columns[column].kind
        place = f"{row}." if row else ""
        if self.plain:
            return f"{place}{column}"
        if found is None:
            return kind.nothing
        place += quote(found)
        if kind is Kind.JSON:
            key = self._find(name, "key") if name == "media_meta" else None
            beside = place.removesuffix(quote(found)) + quote(key) if key else None
            return self._read_json(place, self.types.get(f"{name}.{column}", "jsonb"), beside)
        if kind is Kind.TEXT:
            return self._read_text(f"{name}.{column}", f"{place}::text")
        if kind is Kind.FLAG:
            return f"coalesce({place}, false)"
        # no cast of what indexes are on
        return place if kind in (Kind.ID, Kind.COUNT) else f"{place}::{kind.spelling}"

    def store(self, name: str, column: str, value: str) -> str:
        """What is stored for a value of ours; null where there is no such column."""
        kind = PARTS[name].columns[column].kind
        if self.plain:
            return value
        if self._find(name, column) is None:
            return f"CASE WHEN false THEN {value} END"  # a statement names all its parameters
        stored = self.types.get(f"{name}.{column}", "jsonb")
        if kind is Kind.JSON and stored != "jsonb":
            return f"({value})::jsonb::{stored}"
        words = self.words.get(column, {}) if name == "media" else {}
        if not words:
            return value
        cases = " ".join(f"WHEN {literal(word)} THEN {literal(theirs)}" for word, theirs in words.items())
        return f"CASE ({value})::text {cases} ELSE ({value})::text END"

    def _find(self, name: str, column: str) -> str | None:
        table = self.tables[name]
        return None if table is None else table.columns[column]

    def _read_json(self, place: str, stored: str, key: str | None) -> str:
        if stored == "jsonb":
            return place
        text = f"{place}::text"  # of anybody's: it need not be JSON
        texts = ", ".join(literal(theirs) for name in KEYS if name != "locks" and (theirs := self.keys.get(name, name)))
        plain = ""  # a title may be 1984, null or 7e9512, and is no number to whoever wrote it
        if key and texts and stored == "text":
            plain = rf"""WHEN {key}::text IN ({texts}) AND {text} !~ '^\s*[\[{{"]' THEN to_jsonb({text}) """
        return (
            f"CASE {plain}WHEN length({text}) - length(translate({text}, '[{{', '')) > {NESTED} THEN to_jsonb({text}) "
            f"WHEN pg_input_is_valid({text}, 'jsonb') THEN {text}::jsonb ELSE to_jsonb({text}) END"
        )

    def _read_text(self, name: str, place: str) -> str:
        """Their words and keys as ours; one that is spelled like another of ours is none of ours."""
        cases: list[str] = []
        table, _, column = name.partition(".")
        if table == "media" and column in WORDS:
            cases += _rename(place, self.words.get(column, {}))
        if name == "media_meta.key":
            cases += _rename(place, {key: theirs for key, theirs in self.keys.items() if key != SCAN})
            cases += _rename_prefix(place, self.keys.get(SCAN, f"{SCAN}."))
        return f"CASE {' '.join(cases)} ELSE {place} END" if cases else place


def _rename(place: str, names: Mapping[str, str | None]) -> Iterator[str]:
    for name, theirs in names.items():
        if theirs is not None and theirs != name:
            yield f"WHEN {place} = {literal(theirs)} THEN {literal(name)}"
    taken = set(names.values())
    for name, theirs in names.items():
        if theirs != name and name not in taken:
            yield f"WHEN {place} = {literal(name)} THEN {literal(f'={name}')}"


def _rename_prefix(place: str, theirs: str | None) -> Iterator[str]:
    prefix = f"{SCAN}."
    if theirs == prefix:
        return
    if theirs is not None:
        yield (
            f"WHEN starts_with({place}, {literal(theirs)}) THEN {literal(prefix)} || substr({place}, {len(theirs) + 1})"
        )
    yield f"WHEN starts_with({place}, {literal(prefix)}) THEN '=' || {place}"


def _replace(mapping: PlatformMapping, found: re.Match[str]) -> str:
    read, name, column = found["read"], found["table"], found["column"]
    if read:
        return found[0] if mapping.plain else mapping.relation(read)
    if not name:
        return found[0]
    if found["pairs"]:
        return _replace_pairs(mapping, name, found["target"], found["pairs"])
    if not column:
        return mapping.table(name)
    if found["row"]:
        return mapping.read(name, column, found["row"])
    return mapping.store(name, column, found["value"]) if found["value"] else mapping.column(name, column)


def _replace_pairs(mapping: PlatformMapping, name: str, target: str | None, text: str) -> str:
    table = mapping.table(name)
    pairs = [(column, value) for column, value in _PAIRS.findall(text) if mapping.has(f"{name}.{column}")]
    columns = [mapping.column(name, column) for column, _ in pairs]
    values = [mapping.store(name, column, value) for column, value in pairs]
    if not target:
        return f"{table} ({', '.join(columns)})\nSELECT {', '.join(values)}"
    if not pairs:  # an UPDATE sets something
        same = mapping.column(name, next(iter(PARTS[name].columns)))
        columns, values = [same], [f"{target}.{same}"]
    return ", ".join(f"{column} = {value}" for column, value in zip(columns, values, strict=True))


OURS: Final = PlatformMapping(plain=True)
"""The tables as our own migrations make them."""
