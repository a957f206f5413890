"""Filling a JSON schema: a deterministic value that obeys it, made from a look.

Which schemas a server accepts, and in which order properties come out: llama.cpp's schema converter as Ollama uses it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.looks import Look

_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_CONSTRAINTS = {
    "$ref", "oneOf", "anyOf", "allOf", "const", "enum", "type", "properties", "items", "prefixItems",
    "additionalProperties", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format",
}  # fmt: skip
_FORMATS = {
    "date": "2026-01-31", "time": "12:00:00Z", "date-time": "2026-01-31T12:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
_DEPTH = 24
_SHALLOW = 4  # deeper down only what must be there is filled in, or recursive schemas would have no end


def judge(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Literal["fit", "bad", "open"]:
    """Whether a schema can be obeyed ("fit"), is refused ("bad"), or leaves all open (a foreign `$ref`)."""
    root = schema if root is None else root
    if "$ref" in schema:
        return "fit" if str(schema["$ref"]).startswith("#/") else "open"
    if not all(isinstance(schema.get(key, {}), dict) for key in ("properties", "$defs")):
        return "bad"
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not set(map(str, kinds)) <= _TYPES or (schema and not _CONSTRAINTS & set(schema)):
        return "bad"
    pattern = schema.get("pattern")
    if pattern is not None and not re.fullmatch(r"\^.*\$", str(pattern), re.DOTALL):
        return "bad"
    verdicts = {judge(child, root) for child in _children(schema)}
    if "bad" in verdicts:
        return "bad"
    return "open" if "open" in verdicts else "fit"


def _children(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for key in ("oneOf", "anyOf", "allOf", "prefixItems"):
        found.extend(schema.get(key, ()))
    found.append(schema.get("items"))
    return [child for child in found if isinstance(child, dict) and child]


def find(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a `$ref` within `root` stands for; any other schema as it is."""
    if "$ref" not in schema:
        return schema
    target: Any = root
    for step in str(schema["$ref"]).removeprefix("#/").split("/"):
        target = target.get(step, {}) if isinstance(target, dict) else {}
    return target if isinstance(target, dict) else {}


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills schemas for one answer. `sort`: alphabetically (native path); `phrase` replaces every free string."""

    look: Look | None
    language: words.Language
    root: Mapping[str, Any]
    sort: bool = False
    phrase: str | None = None

    def fill(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """A value that obeys `schema`; `name` is the property it stands under."""
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choose(schema["enum"], name)
        kind = self._kind(schema)
        if depth > _DEPTH or kind == "null":
            return None
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "string":
            return self._string(schema, name)
        if kind == "boolean":
            return self._number(name) % 2 == 0
        return self._numeric(schema, name, whole=kind == "integer")

    def fit(self, schema: Mapping[str, Any], name: str, value: Any) -> Any:
        """`value` as `schema` wants it under the property `name`: lists of objects with all that is asked, in order."""
        wanted = self._resolve(self._resolve(schema).get("properties", {}).get(name, {}))
        items = self._resolve(wanted.get("items") or {})
        if not isinstance(value, list) or self._kind(items) != "object":
            return value
        least, most = int(wanted.get("minItems", 0)), int(wanted.get("maxItems", 1000))
        rows = value[:most] + [{}] * (least - len(value))
        return [self._fit_object(items, row, f"{name}{at}") for at, row in enumerate(rows)]

    def _fit_object(self, schema: Mapping[str, Any], row: Mapping[str, Any], name: str) -> dict[str, Any]:
        properties = schema.get("properties", {})
        filled: dict[str, Any] = self.fill(schema, name, 1)
        return {key: self._fit_one(properties[key], row.get(key), made) for key, made in filled.items()}

    def _fit_one(self, schema: Mapping[str, Any], value: Any, made: Any) -> Any:
        """The value, cut to its length; what was made up instead where the schema has no such value."""
        schema = self._resolve(schema)
        allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
        if value is None or (allowed and value not in allowed):
            return made
        return self._sized(value, schema) if isinstance(value, str) and not allowed else value

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEPTH):
            if "$ref" in schema:
                schema = find(self.root, schema)
            elif schema.get("anyOf") or schema.get("oneOf"):
                choices = schema.get("anyOf") or schema["oneOf"]
                schema = next((c for c in choices if c.get("type") != "null"), choices[0])
            elif schema.get("allOf"):
                schema = self._merged(schema)
            else:
                break
        return schema

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self._resolve, schema["allOf"]):
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", ()), *part.get("required", ())]
            merged = {**merged, **part, "properties": properties, "required": required}
        return merged

    @staticmethod
    def _kind(schema: Mapping[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((entry for entry in kind if entry != "null"), "null")
        if kind is None:
            kind = "array" if "items" in schema else "object" if "properties" in schema else "string"
        return str(kind)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = [name for name in properties if name in schema.get("required", ())]
        optional = [name for name in properties if name not in required]
        names = required + (optional if depth <= _SHALLOW else [])
        if self.sort:
            names.sort()
        return {name: self.fill(properties[name], name, depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 1000)
        fixed = [self.fill(part, name, depth + 1) for part in schema.get("prefixItems", ())]
        items = self._resolve(schema.get("items") or {"type": "string"})
        wanted = max(least, min(most, 3 if depth <= _SHALLOW else 0))
        if self._kind(items) == "string" and not items.get("enum") and self.phrase is None:
            words_ = words.keywords(self.look, self.language)
            free = [words_[at % len(words_)] + str(at // len(words_) or "") for at in range(wanted)]
            rest = [self._sized(word, items) for word in free]
        elif items.get("enum"):
            rest = [items["enum"][at % len(items["enum"])] for at in range(min(wanted, max(least, len(items["enum"]))))]
        else:
            rest = [self.fill(items, f"{name}{at}", depth + 1) for at in range(wanted)]
        return [*fixed, *rest][: max(most, 0)]

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        room = int(schema.get("maxLength", 500))
        if self.phrase is not None:
            return self._sized(self.phrase, schema)
        if "title" in name:
            text = words.title(self.look, self.language, min(room, 80))
        elif "description" in name:
            text = words.description(self.look, self.language, room)
        elif name == "language":
            text = self.language
        else:
            text = words.caption(self.look, self.language, room)
        return self._sized(text, schema)

    @staticmethod
    def _sized(text: str, schema: Mapping[str, Any]) -> str:
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 2000))
        while text and len(text) < least:
            text = f"{text} {text}"
        return text[:most]

    def _choose(self, values: list[Any], name: str) -> Any:
        return values[self._number(name) % len(values)]

    def _numeric(self, schema: Mapping[str, Any], name: str, *, whole: bool) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1 if whole else 0) + whole)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10 + whole) - whole)
        if whole:
            return int(low) + self._number(name) % max(1, int(high) - int(low) + 1)
        share: float = (1 + self._number(name) % 98) / 100
        return round(float(low) + float(high - low) * share, 3)

    def _number(self, name: str) -> int:
        seed = self.look.digest[:12] if self.look else "5eed"
        return int(seed, 16) // 7 + sum(map(ord, name))
