"""What scanners write, and what of it counts."""

import pytest
from hypothesis import given
from pydantic import JsonValue

from handlers.policy.scan_flags import read_scan_flags
from tests.handlers.stages.generated_facts import values


@pytest.mark.parametrize(
    ("value", "scores"),
    [
        (True, {1.0}), (False, {0.0}), (0, {0.0}), (1, {1.0}), (0.73, {0.73}),
        ("true", {1.0}), ("No", {0.0}), ("NSFW", {1.0}), ("sfw", {0.0}), ("0.4", {0.4}), ("87%", {0.87}),
        ("VERY_UNLIKELY", {0.05}), ("very likely", {0.95}),
        ({"nsfw": True}, {1.0}), ({"score": 0.3}, {0.3}), ({"nsfw": False, "score": 0.9}, {0.0, 0.9}),
        ({"nsfw": False, "confidence": 0.99}, {0.0}),
        ({"label": "nsfw", "score": 0.9}, {0.9}), ({"label": "safe", "score": 0.75}, {0.25}),
        ({"class": "porn"}, {1.0}),
        ({"porn": 0.1, "hentai": 0.02, "neutral": 0.3, "drawings": 0.58}, {0.1, 0.02}),
        ({"neutral": 0.75, "drawings": 0.25}, {0.25}), ({"safe": True}, {0.0}),
        ([{"label": "nsfw", "score": 0.9}, {"label": "normal", "score": 0.1}], {0.9}),
        (["nudity"], {1.0}), ([{"adult": "LIKELY"}], {0.8}),
        # says nothing
        (None, set()), ("", set()), ("unavailable", set()), ("Unknown", set()), ({}, set()), ([], set()),
        # says something that is not understood
        (1.5, {None}), (-1, {None}), (87, {None}), ("maybe?", {None}), ("1000%", {None}), ("nan", {None}),
        ({"colour": "red"}, {None}), (["beach"], {None}), ({"score": "?"}, {None}),
    ],
)  # fmt: skip
def test_a_value_of_scan_nsfw(value: JsonValue, scores: set[float | None]) -> None:
    assert {score for _, score in read_scan_flags({"scan.nsfw": value})} == scores


@pytest.mark.parametrize(
    ("value", "scores"),
    [
        (["nsfw"], {1.0}), ("watermark, nudity", {1.0}), ({"nsfw": False, "violence": True}, {0.0}),
        ({"nsfw": 0.4}, {0.4}), ([{"name": "explicit", "probability": 0.6}], {0.6}), (["safe"], {0.0}),
        # other flags, and none at all, are no word on nudity
        ([], set()), (["watermark"], set()), ({"violence": True}, set()), ("blurry", set()), (None, set()),
        ([None], set()),
        (True, {None}), (3, {None}), ([3], {None}),
    ],
)  # fmt: skip
def test_a_value_of_scan_flags(value: JsonValue, scores: set[float | None]) -> None:
    assert {score for _, score in read_scan_flags({"scan.flags": value})} == scores


def test_other_keys_are_not_looked_at() -> None:
    assert read_scan_flags({"nsfw": True, "scan.ocr": "nsfw", "flags": ["nsfw"]}) == []


def test_places_tell_where_a_score_stands() -> None:
    meta: dict[str, JsonValue] = {"scan.nsfw": {"nsfw": False}, "scan.nsfw_score": 0.2, "scan.flags": ["nude"]}
    assert read_scan_flags(meta) == [("scan.nsfw.nsfw", 0.0), ("scan.nsfw_score", 0.2), ("scan.flags.nude", 1.0)]


@given(value=values)
def test_whatever_stands_there_is_a_score_or_unreadable(value: JsonValue) -> None:
    for key in ("scan.nsfw", "scan.nsfw_score", "scan.flags"):
        for _, score in read_scan_flags({key: value}):
            assert score is None or 0 <= score <= 1
