"""Cleaning and refusing what models write."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.answer_text import check_phrase, clean_text, end_whole, require_substance, strip_opener
from handlers.failures import BadAnswer


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        ("  a \n\t b  ", "a b"),
        ("a\u200bb\ufeff\u2060", "ab"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("a\u00adb", "ab"),
        ("a\x00b\x1b[31mc\x1b[0m", "a b c"),
        ("\x9b1;31ma\x1b]8;;http://x.example\x07b\x1b]8;;\x1b\\c", "a b c"),
        ("a\x1bb", "a b"),
        ("<b>a</b> [b](c)", "<b>a</b> [b](c)"),
        ("a\u200db", "ab"),
        ("Cafe\u0301", "Café"),
        ("👩\u200d🚀 im All", "👩\u200d🚀 im All"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Caption: A dog", "A dog"),
        ("Titel: Ein Hund", "Ein Hund"),
        ('"A dog"', "A dog"),
        ("„Ein Hund“", "Ein Hund"),
        ('"A" and "B"', '"A" and "B"'),
        ("\U000e0041tag", "tag"),
        ("a\u2028b", "a b"),
        ("A poster: https://evil.example/x", "A poster: …"),
        ("", ""),
    ],
)
def test_cleaning(said: str, clean: str) -> None:
    assert clean_text(said) == clean


@given(st.text())
def test_clean_texts_stay_clean(text: str) -> None:
    clean = clean_text(text)
    assert "\n" not in clean
    assert "  " not in clean
    assert clean == clean.strip()
    assert unicodedata.is_normalized("NFC", clean)
    assert not {unicodedata.category(c) for c in clean if c not in "\u200c\u200d"} & {"Cc", "Cf", "Cs", "Co", "Cn"}


@pytest.mark.parametrize(
    ("language", "said", "stripped"),
    [
        ("en", "The image shows a dog.", "A dog."),
        ("en", "This picture depicts two dogs.", "Two dogs."),
        ("en", "A photo of a dog.", "A dog."),
        ("en", "This is a picture of Vienna.", "Vienna."),
        ("en", "The image shows that it rained.", "The image shows that it rained."),
        ("en", "The image shows how bread is made.", "The image shows how bread is made."),
        ("en", "A picture book on a table.", "A picture book on a table."),
        ("en", "The photo album lies open.", "The photo album lies open."),
        ("en", "Das Bild zeigt eine Katze.", "Das Bild zeigt eine Katze."),
        ("de", "Das Bild zeigt eine Katze.", "Eine Katze."),
        ("de", "Dieses Foto zeigt zwei Hunde.", "Zwei Hunde."),
        ("de", "Das Bild zeigt einen Hund.", "Das Bild zeigt einen Hund."),
        ("de", "Das Bild zeigt den Eiffelturm.", "Das Bild zeigt den Eiffelturm."),
        ("fr", "The image shows a dog.", "The image shows a dog."),
    ],
)
def test_openers_go_only_where_the_rest_stands_by_itself(language: str, said: str, stripped: str) -> None:
    assert strip_opener(said, language) == stripped


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I'm sorry, but I can't help.", "refusal"),
        ("I’m unable to see the picture.", "refusal"),
        ("I cannot assist with that request.", "refusal"),
        ("As an AI language model, I see nothing.", "refusal"),
        ("No image was provided.", "refusal"),
        ("Please upload the image.", "refusal"),
        ("Es tut mir leid, das geht nicht.", "refusal"),
        ("Ich kann dieses Bild leider nicht beschreiben.", "refusal"),
        ("Leider kann ich das nicht sehen.", "refusal"),
        ("Es wurde kein Bild bereitgestellt.", "refusal"),
        ("A dog<|im_end|>", "template_leak"),
        ("A dog<end_of_turn>", "template_leak"),
        ("[INST] A dog", "template_leak"),
        ("<think>Hm</think> A dog", "template_leak"),
        ("A dog [img-0]", "template_leak"),
        ("```A dog```", "template_leak"),
        ('{"caption": "A dog"}', "nested_json"),
        ("N/A", "empty_talk"),
        ("An image.", "empty_talk"),
        ("...", "empty_talk"),
        ("", "empty_talk"),
        ("!!! 42 !!!", "empty_talk"),
        ("Kein Titel", "empty_talk"),
        ("{{{{{{{{{{{{{{{{ abc", "repetition"),
        ("dog dog dog dog dog", "repetition"),
        ("the red dog, the red dog, the red dog, the red dog", "repetition"),
        ("A lake. " + "It is blue and calm. " * 4, "repetition"),
        ("say what is seen", "prompt_echo"),
        ("Well: now say what is seen and never what you think of", "prompt_echo"),
    ],
)
def test_texts_without_substance_are_refused(text: str, reason: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        require_substance(text, "Now say what is seen, and never what you think of it.")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "A dog at the lake",
        'A hand-written sign that reads "I\'m sorry, but we are closed".',
        "Sorry sight: a broken chair",
        "Please Mr Postman, a record on a shelf",
        "A man, a woman, a child and a dog",
        "Row, row, row your boat, a page of sheet music",
        "A red, a blue, a green and a yellow ball",
        "Untitled, a canvas by the window",
        "Ich kann kochen, ein Buch auf dem Tisch",
        "No Image Available sign on a website",
        "湖边的狗",
        "Ein Bild an der Wand",
        "Loading bar ......................",
        "A dog",
        "5 dogs",
    ],
)
def test_texts_about_pictures_pass(text: str) -> None:
    require_substance(text, "Now say what is seen, and never what you think of it.")


@given(st.text(max_size=600), st.text(max_size=200))
def test_every_text_is_judged(text: str, instructions: str) -> None:
    with suppress(BadAnswer):
        require_substance(clean_text(text), instructions)


@pytest.mark.parametrize(
    ("cut", "whole"),
    [("A dog. A ca", "A dog."), ("A dog. A cat.", "A dog. A cat."), ("Is it? It is! Per", "Is it? It is!")],
)
def test_cut_texts_end_with_a_whole_sentence(cut: str, whole: str) -> None:
    assert end_whole(cut) == whole


def test_a_cut_text_without_an_end_is_refused() -> None:
    with pytest.raises(BadAnswer):
        end_whole("A dog 3.5 metres lo")


_INSTRUCTIONS = "hands: too many fingers, melted or missing ones, or two hands grown together; else leave it empty."


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        ("six fingers on the left hand", "six fingers on the left hand"),
        ("Too many fingers", "Too many fingers"),
        ("I cannot see any watermark", "I cannot see any watermark"),
        ("I don't see text in this picture", "I don't see text in this picture"),
        ("Ich kann keine Hände erkennen", "Ich kann keine Hände erkennen"),
        ("no picture is perfectly sharp here", "no picture is perfectly sharp here"),
        ("", ""),
        (" - ", ""),
        ("None.", ""),
        ("N/A", ""),
        ("kein Text", ""),
        ("\u202e\u200b\x00", ""),
        ("six\u202e fingers\x1b[31m\n", "six fingers"),
    ],
)
def test_phrases_may_be_short_and_empty(said: str, phrase: str) -> None:
    assert check_phrase(said, _INSTRUCTIONS, 160) == phrase


@pytest.mark.parametrize(
    ("cut", "phrase"),
    [
        ("one two three four, fiv", "one two three four…"),
        ("one two three four fivesix", "one two three four…"),
        ("0123456789abcdefghijklm", "0123456789abcdefghijkl…"),
        ("湖边的狗山水" * 4, ("湖边的狗山水" * 4)[:22] + "…"),
        ("\u0958" * 20, "\u0915\u093c" * 11 + "…"),
        ("one two three four, fi", "one two three four, fi"),
    ],
)
def test_a_cut_phrase_ends_with_a_whole_word(cut: str, phrase: str) -> None:
    assert check_phrase(cut, _INSTRUCTIONS, 23) == phrase
    assert len(phrase) <= 23


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I'm sorry, but I can't help.", "refusal"),
        ("I cannot see the image", "refusal"),
        ("I'm unable to analyze this picture.", "refusal"),
        ("Ich kann das Bild leider nicht beurteilen", "refusal"),
        ("No image was provided", "refusal"),
        ("six fingers<|im_end|>", "template_leak"),
        ('{"hands_severity": "none"}', "nested_json"),
        ("finger finger finger finger finger", "repetition"),
        ("too many fingers, melted or missing ones, or two", "prompt_echo"),
    ],
)
def test_phrases_that_are_none_are_refused(text: str, reason: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        check_phrase(text, _INSTRUCTIONS, 160)
    assert caught.value.reason == reason


@given(st.text(max_size=600), st.integers(8, 200))
def test_every_phrase_fits(text: str, limit: int) -> None:
    with suppress(BadAnswer):
        assert len(check_phrase(text, _INSTRUCTIONS, limit)) <= limit
