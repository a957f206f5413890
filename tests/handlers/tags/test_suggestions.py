"""What looks like one tag, and what does not."""

import itertools
import random

import pytest

from handlers.tags.suggestions import FREQUENT, Suggestion, TagCount, suggest

MANY = 10 * FREQUENT


def said(*tags: tuple[str, int], language: str = "en") -> list[tuple[str, str, str]]:
    """(name, into, strength) of every suggestion."""
    found = suggest([TagCount(*tag) for tag in tags], language)
    return [(one.name, one.into, one.strength) for one in found]


@pytest.mark.parametrize(
    ("other", "name", "strength", "language"),
    [
        ("Sunset", "sunset", "sure", "en"),
        ("sun-set", "sun_set", "sure", "en"),
        ("#sunset!", "sunset", "sure", "en"),
        ("STRASSE", "Straße", "sure", "de"),
        ("cats", "cat", "likely", "en"),
        ("black cats", "black cat", "likely", "en"),
        ("Bäume", "Baum", "likely", "de"),
        ("grey", "gray", "likely", "en"),
        ("sun set", "sunset", "likely", "en"),
        ("Sun-Set", "sunset", "likely", "en"),
        ("cafe noir", "café noir", "likely", "en"),
        ("muenchen", "münchen", "likely", "de"),
        ("lanscape", "landscape", "weak", "en"),
        ("lansdcape", "landscape", "weak", "en"),
        ("landscope", "landscape", "weak", "en"),
        ("landsscape", "landscape", "weak", "en"),
    ],
)
def test_what_looks_like_one(other: str, name: str, strength: str, language: str) -> None:
    """Whichever stands first, the more frequent one stays."""
    for tags in itertools.permutations([(other, 2), (name, MANY), ("tree", 7)]):
        assert said(*tags, language=language) == [(other, name, strength)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("glass", "glasses"),  # another thing
        ("sand", "hand"),  # too short for a typing error
        ("marina", "marine"),  # both are words
        ("1980s style", "1990s style"),  # another number
        ("landscape", "lndscpe"),  # two letters
        ("abcdefgh", "bcdefghi"),  # one taken away from each
        ("!!!", "???"),  # no names
    ],
)
def test_what_does_not(one: str, other: str) -> None:
    assert said((one, 1), (other, MANY)) == []


def test_a_typing_error_is_rare_beside_what_was_meant() -> None:
    assert said(("lanscape", 1), ("landscape", FREQUENT)) == [("lanscape", "landscape", "weak")]
    assert said(("lanscape", 0), ("landscape", FREQUENT - 1)) == []
    assert said(("lanscape", 10), ("landscape", 10 * FREQUENT - 1)) == []


def test_of_equals_the_older_one_stays() -> None:
    assert said(("sunset", 3), ("Sunset", 3)) == [("Sunset", "sunset", "sure")]
    assert said(("Sunset", 3), ("sunset", 3)) == [("sunset", "Sunset", "sure")]


def test_the_surest_come_first_then_the_most_frequent_each_tag_once() -> None:
    found = said(("cat", 90), ("CATS", 1), ("cats", 5), ("Cat", 2), ("dogs", 40), ("dog", 50), ("Dog", 3))

    assert found == [
        ("Dog", "dog", "sure"),
        ("Cat", "cat", "sure"),
        ("CATS", "cats", "sure"),
        ("dogs", "dog", "likely"),
        ("cats", "cat", "likely"),
    ]


def test_a_suggestion_says_how_many_media_and_why() -> None:
    (found,) = suggest([TagCount("cats", 2), TagCount("cat", 9)])

    assert found == Suggestion("cats", "cat", 2, 9, "singular and plural, or two spellings of a word", "likely")


def test_no_pair_is_looked_at_twice() -> None:
    """20 000 names come to an end at once: pairs of all of them would be 200 million."""
    draw = random.Random(5)
    names = {"".join(draw.choices("abcdefghijklmnop", k=draw.randint(6, 14))) for _ in range(20_000)}

    found = suggest([TagCount(name, draw.choice((0, 1, 2, 500))) for name in sorted(names)])

    assert len(found) < len(names) / 10


def test_suggestions_never_go_in_a_circle() -> None:
    draw = random.Random(7)
    words = ["cat", "Cats", "CAT", "ca-t", "ca t", "cät", "caet", "sunset", "sun set", "sunsets", "Sun-Sets", "sunsett"]
    for _ in range(200):
        tags = [(word, draw.choice((1, 5, 100, 900))) for word in draw.sample(words, 8)]
        into = {name: target for name, target, _ in said(*tags)}
        for name in into:
            seen = [name]
            while seen[-1] in into:
                seen.append(into[seen[-1]])
                assert len(seen) == len(set(seen))
