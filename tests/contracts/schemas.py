"""JSON Schemas closed: what they do not name must not be there."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from contracts.values import describe


def close(schema: Any) -> Any:
    """Return the schema, refusing properties it does not name in objects that do not say otherwise."""
    if isinstance(schema, list):
        return [close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "title" in schema and schema["title"] != "Computed":
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def validator(key: str) -> Draft202012Validator:
    """Return what checks values of one of our keys of `media_meta` against its closed schema."""
    return Draft202012Validator(close(describe(key)))
