"""Tags and prompts in words: whose they are, where they come from, and nothing odd is a reason to fail."""

from typing import Any

import pytest
from hypothesis import given

from bildwerk.demo.suggestions import Label, Wish, label_tags, read_prompt
from contracts.tags import Tag
from tests.handlers.stages.generated_facts import values


def test_a_label_says_whose_it_is_and_how_sure() -> None:
    tags = (Tag("cat", 0.9, 0.75, ours=True), Tag("NASA", locked=True), Tag("Dog", confidence=0.5))

    assert label_tags(tags) == [
        Label("cat", ours=True, locked=False, about=0.75, details="ours, confidence 0.90, weight 0.75"),
        Label("NASA", ours=False, locked=True, about=None, details="there before, locked"),
        Label("Dog", ours=False, locked=False, about=None, details="there before, confidence 0.50"),
    ]


@pytest.mark.parametrize(
    ("value", "embedded", "origin"),
    [
        ({"source": "embedded", "generator": "a1111", "confidence": 1.0}, True, "embedded by AUTOMATIC1111"),
        ({"source": "embedded", "generator": "new", "confidence": 0.8}, True, "embedded by new, confidence 0.80"),
        ({"source": "embedded"}, True, "embedded by a generator"),
        ({"source": "model", "confidence": 0.625}, False, "reconstructed, confidence 0.62"),
        ({"confidence": "high"}, False, "reconstructed"),
    ],
)
def test_a_prompt_says_where_it_comes_from(value: dict[str, Any], embedded: bool, origin: str) -> None:
    told = {**value, "prompt": "a cat", "negative_prompt": "text"}

    assert read_prompt(told, ["a cat"]) == Wish("a cat", "text", embedded, origin, kept=True)
    assert read_prompt(told, ["a dog"]) == Wish("a cat", "text", embedded, origin, kept=False)


@given(values, values)
def test_whatever_stands_there_is_no_reason_to_fail(value: Any, other: Any) -> None:
    read_prompt(value, ())
    odd = {"prompt": "a cat", "negative_prompt": value, "source": other, "generator": value, "confidence": other}
    assert read_prompt(odd, ()) is not None
    assert read_prompt({"prompt": {"text": value}}, ()) is None
