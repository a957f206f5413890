"""The tags that later stages see, whoever wrote them and wherever."""

from pydantic import JsonValue

from contracts.facts import MediaFacts, Written
from contracts.tags import Tag, Vocabulary
from handlers.tags.carried import NORMALIZED, list_tags

SET: list[JsonValue] = [
    {"name": "harbour", "source": "media"},
    {"name": "boat", "source": "model"},
    {"name": "sea", "source": "model"},
]
OURS = {NORMALIZED: Written(SET, "f1")}


def facts(*tags: Tag, removed: tuple[str, ...] = (), content_hash: str = "f1", **names: str) -> MediaFacts:
    return MediaFacts(
        1,
        content_hash=content_hash,
        meta={NORMALIZED: SET},
        written=OURS,
        tags=tags,
        removed_tags=frozenset(removed),
        vocabulary=Vocabulary({"vessel": "vessel"}, names),
    )


def test_where_tags_are_written_they_are_what_the_medium_carries() -> None:
    assert list_tags(facts(Tag("boat", ours=True), Tag("harbour"))) == ("boat", "harbour")


def test_where_they_are_not_ours_stand_beside_those_of_others() -> None:
    assert list_tags(facts(Tag("Harbour"))) == ("Harbour", "boat", "sea")
    assert list_tags(facts()) == ("harbour", "boat", "sea")


def test_what_somebody_took_away_is_not_named() -> None:
    assert list_tags(facts(Tag("harbour"), removed=("Boat",))) == ("harbour", "sea")
    assert list_tags(facts(removed=("harbour", "boat", "sea"))) == ()
    assert list_tags(facts(removed=("harbour", "vessel", "sea"), boat="vessel")) == ()


def test_ours_from_other_pixels_are_absent() -> None:
    assert list_tags(facts(Tag("boat", ours=True), Tag("harbour"), content_hash="f2")) == ("harbour",)
    assert list_tags(facts(Tag("harbour"), content_hash="f2")) == ("harbour",)


def test_tags_of_programs_are_not_named() -> None:
    """One that begins with "system:" would look like an order, too, and take the others out of a prompt with it."""
    assert list_tags(facts(Tag("boat", ours=True), Tag("system:batch 7"), Tag("Scan: x"))) == ("boat",)
