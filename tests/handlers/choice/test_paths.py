"""Patterns of paths: what people write, and what they expect it to be about."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.choice.paths import PathPattern

ABOUT = [
    ("*.jpg", "a.jpg"),
    ("*.jpg", "2024/may/a.jpg"),
    ("*.jpg", "photos:2024/IMG_1.JPG"),
    ("*.jpg", "https://example.org/a/b.jpg"),
    ("private/", "private/a.jpg"),
    ("private/", "private/deep/er/a.jpg"),
    ("private/", "a/private/b.jpg"),
    ("private", "a/private/b.jpg"),
    ("private", "a/private"),
    ("2024/may", "2024/may/a.jpg"),
    ("2024/*", "2024/may/a.jpg"),
    ("*.jpg", "a.jpg/b.png"),
    ("photos:2024/", "photos:2024/a.jpg"),
    ("photos:2024/", "photos:old/2024/a.jpg"),
    ("photos:/2024/", "photos:2024/a.jpg"),
    ("private/", "photos:private/a.jpg"),
    ("private/", "./private//a.jpg"),
    ("private/**", "private/a/b.jpg"),
    ("/private/", "private/a.jpg"),
    ("**/private/**", "a/b/private/c/d.jpg"),
    ("**/private/**", "private/d.jpg"),
    ("2024/*/a.jpg", "2024/may/a.jpg"),
    ("2024/**/a.jpg", "2024/a.jpg"),
    ("2024/**/a.jpg", "2024/x/y/a.jpg"),
    ("a/**/b/**/c.jpg", "a/b/b/x/b/c.jpg"),
    ("**", "anything/at/all"),
    ("photos:", "photos:a/b.jpg"),
    ("photos:2024/**", "photos:2024/a.jpg"),
    ("photos:*.png", "photos:x/y.png"),
    ("s3:", "s3://bucket/a.jpg"),
    ("s3://bucket/a/", "s3://bucket/a/b/c.jpg"),
    ("/srv/media/a/", "file:///srv/media/a/b%20c.jpg"),
    ("/srv/media/b c/", "file:///srv/media/b%20c/d.jpg"),
    ("IMG_[0-9]?.jpg", "x/img_12.jpg"),
    ("Fr\u00fchling/", "fru\u0308hling/a.jpg"),
    ("a\nb/", "a\nb/c.jpg"),
]
NOT_ABOUT = [
    ("*.jpg", "a.jpg.png"),
    ("private/", "private"),
    ("/private/", "a/private/b.jpg"),
    ("/private", "a/private"),
    ("2024/may", "a/2024/may/b.jpg"),
    ("photos:/2024/", "photos:old/2024/a.jpg"),
    ("private/", "privat/a.jpg"),
    ("private/", "private-not/a.jpg"),
    ("2024/*/a.jpg", "2024/x/y/a.jpg"),
    ("2024/*.jpg", "2024/may/a.jpg"),
    ("photos:", "a/b.jpg"),
    ("photos:", "scans:a.jpg"),
    ("photos:2024/", "2024/a.jpg"),
    ("a/**/b", "a/c/d"),
    ("?.jpg", "ab.jpg"),
    ("a.jpg", "axjpg"),
]


@pytest.mark.parametrize(("pattern", "path"), ABOUT)
def test_a_pattern_is_about(pattern: str, path: str) -> None:
    assert PathPattern(pattern).matches(path)


@pytest.mark.parametrize(("pattern", "path"), NOT_ABOUT)
def test_a_pattern_is_not_about(pattern: str, path: str) -> None:
    assert not PathPattern(pattern).matches(path)


def test_a_pattern_that_says_nothing_is_refused() -> None:
    for nothing in ("", "/", "./"):
        with pytest.raises(ValueError, match="empty"):
            PathPattern(nothing)


def test_many_stars_do_not_take_for_ever() -> None:
    assert not PathPattern("**/a/" * 30 + "b").matches("a/" * 2000 + "c")
    assert not PathPattern("*a" * 30 + "/b").matches("a" * 4000 + "/c")


NAMES = st.lists(st.sampled_from(["a", "b", "ab", "c"]), min_size=1, max_size=6)
STEPS = st.lists(st.sampled_from(["a", "b", "a*", "?", "*", "**"]), min_size=2, max_size=5)


@given(names=NAMES, steps=STEPS)
def test_it_matches_as_a_regular_expression_of_the_whole_path_does(names: list[str], steps: list[str]) -> None:
    """The matching goes step by step and tries again; an expression that tries everything must agree."""
    parts = {"**": r"(?:[^/]+/)*", "*": "[^/]*/", "?": "[^/]/", "a*": "a[^/]*/"}
    whole = "".join(parts.get(step, f"{step}/") for step in steps) + parts["**"]

    expected = re.fullmatch(whole, "/".join(names) + "/") is not None
    assert PathPattern("/".join(steps)).matches("/".join(names)) is expected


@given(st.text(min_size=1, max_size=30))
def test_a_path_without_signs_matches_itself(path: str) -> None:
    plain = re.sub(r"[*?\[\]]", "x", path)
    if plain.strip("/.") and ":" not in plain:
        assert PathPattern(plain).matches(plain + ("x" if plain.endswith("/") else ""))
