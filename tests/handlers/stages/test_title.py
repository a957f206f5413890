"""J2: the title."""

from dataclasses import replace

import pytest

from contracts.effects import PutMeta
from contracts.facts import MediaFacts, Written
from handlers.failures import BadAnswer
from handlers.stage import Due, Impossible, Satisfied
from handlers.stages.title import STAGE, TitleAnswer

TITLE, CAPTION = "ollama.title", "ollama.caption"
BARE = MediaFacts(7, content_hash="new")


@pytest.mark.parametrize(
    ("facts", "condition"),
    [
        (BARE, Due()),
        (replace(BARE, meta={"title": " "}), Due()),
        (replace(BARE, meta={TITLE: "x"}, written={TITLE: Written("x", "old")}), Due()),
        (replace(BARE, meta={TITLE: "x"}, written={TITLE: Written("x", "new")}), Satisfied("present")),
        (replace(BARE, meta={"title": "Theirs"}), Impossible("kept_for_person")),
        (replace(BARE, meta={TITLE: "a person's"}), Impossible("kept_for_person")),
        (replace(BARE, written={TITLE: Written("deleted", "new")}), Impossible("kept_for_person")),
        (replace(BARE, unreadable="empty"), Impossible("unreadable_picture")),
    ],
)
def test_when_it_is_due(facts: MediaFacts, condition: Due | Satisfied | Impossible) -> None:
    assert STAGE.condition(facts) == condition


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (replace(BARE, meta={"caption": "Theirs", CAPTION: "x"}), '<data origin="media caption">Theirs</data>'),
        (replace(BARE, meta={CAPTION: "A person's"}), '<data origin="model caption">A person\'s</data>'),
        (
            replace(BARE, meta={CAPTION: "Ours"}, written={CAPTION: Written("Ours", "new")}),
            '<data origin="model caption">Ours</data>',
        ),
        (replace(BARE, meta={"prompt": "a dog"}), '<data origin="media prompt">a dog</data>'),
    ],
)
def test_what_is_known_is_context(facts: MediaFacts, line: str) -> None:
    assert [text for text in STAGE.prompt(facts).task.split("\n") if text.startswith("<data")] == [line]


def test_a_caption_of_other_pixels_is_no_context() -> None:
    facts = replace(BARE, meta={CAPTION: "Old"}, written={CAPTION: Written("Old", "old")})
    assert "Old" not in STAGE.prompt(facts).task


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("A dog at the lake.", "A dog at the lake"),
        ('"A dog at the lake"', "A dog at the lake"),
        ("Title: A dog at the lake", "A dog at the lake"),
        ("And then...", "And then..."),
        ("A photo of a dog", "A dog"),
        ("Café 9 3/4", "Café 9 3/4"),
        ("湖边的狗。", "湖边的狗"),
    ],
)
def test_titles_are_tidied(said: str, title: str) -> None:
    assert STAGE.check(BARE, TitleAnswer(title=said)) == TitleAnswer(title=title)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Untitled", "empty_talk"),
        ("A picture of a", "empty_talk"),
        ("...", "empty_talk"),
        ("A dog with one brown ear walks along the water and looks at some birds there", "title_too_long"),
        ("I cannot identify people in images", "refusal"),
        ("at most eight words", "prompt_echo"),
        ("Ein Hund läuft mit dem Ball über die Wiese", "wrong_language"),
    ],
)
def test_unusable_titles_are_refused(said: str, reason: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        STAGE.check(BARE, TitleAnswer(title=said))
    assert caught.value.reason == reason


def test_one_word_is_a_title_where_the_caption_knows_it() -> None:
    facts = replace(BARE, meta={CAPTION: "A dog at the lake"}, written={CAPTION: Written("A dog at the lake", "new")})
    assert STAGE.check(facts, TitleAnswer(title="Dog")).title == "Dog"
    with pytest.raises(BadAnswer) as caught:
        STAGE.check(facts, TitleAnswer(title="Kiwi"))
    assert caught.value.reason == "bare_word"


def test_the_title_is_written() -> None:
    assert STAGE.effects(BARE, TitleAnswer(title="A dog")) == (PutMeta(TITLE, "A dog"),)
    assert STAGE.effects(replace(BARE, meta={"title": "Theirs"}), TitleAnswer(title="A dog")) == ()
