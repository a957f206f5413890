"""What stages write into `media_meta` has a schema that is exported; test_conformance holds every value against it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contracts.values import KEYS, describe
from handlers.registry import load_stages
from tests.contracts.schemas import validator

GOLDEN = [
    (effect["key"], effect["value"])
    for path in sorted((Path(__file__).parent / "golden").glob("*.json"))
    for effect in json.loads(path.read_text("utf-8"))["effects"]
    if effect["effect"] == "PutMeta"
]


def test_every_key_that_is_written_has_a_schema() -> None:
    written = {key for stage in load_stages() for key in stage.writes}
    assert written <= set(KEYS)
    assert set(KEYS) - written == {"ollama.model", "ollama.last_run_at"}


@pytest.mark.parametrize(("key", "value"), GOLDEN, ids=[key for key, _ in GOLDEN])
def test_a_schema_refuses_a_value_that_lacks_something_or_holds_more(key: str, value: object) -> None:
    schema = validator(key)
    if not isinstance(value, dict):
        assert schema.is_valid(value)
        assert not schema.is_valid({"value": value})
        return
    whole = {**value, "run": 1}
    assert schema.is_valid(whole)
    for gone in describe(key)["required"]:
        assert not schema.is_valid({name: part for name, part in whole.items() if name != gone}), gone
    assert not schema.is_valid({**whole, "surprise": 1})


@pytest.mark.parametrize("key", KEYS)
def test_a_schema_is_one_and_tells_no_default(key: str) -> None:
    Draft202012Validator.check_schema(describe(key))
    assert "'default'" not in str(describe(key))
