"""What the contact sheet says of pictures that are alike: anybody's value, whatever its form."""

import pytest
from pydantic import JsonValue

from bildwerk.demo.likenesses import Other, list_others


def test_others_are_named_with_what_they_are() -> None:
    report: JsonValue = {
        "keep": 7,
        "similar": [
            {"media_id": 7, "level": "same_picture", "relation": "edited"},
            {"media_id": 9, "level": "same_moment"},
        ],
    }
    assert list_others(report) == [
        Other(7, "the same picture, changed as an edit changes it, the model: edited, the one to keep"),
        Other(9, "taken in the same moment"),
    ]


@pytest.mark.parametrize(
    "value",
    [None, "x", [], {"similar": 3}, {"similar": [None, {"media_id": "7"}, {"level": "near"}]}],
)
def test_what_is_not_in_its_usual_form_is_left_out(value: JsonValue) -> None:
    assert list_others(value) == []
    assert list_others({"similar": [{"media_id": 7, "level": ["near"], "relation": "loves"}]}) == [Other(7, "")]
