"""Is it the language that was asked for?"""

import pytest

from handlers.answer_language import require_language
from handlers.failures import BadAnswer
from handlers.languages import language_code, language_name

ENGLISH = (
    "A red fox stands in fresh snow with its tail raised.",
    "Two children are playing on the beach at sunset.",
    "An old wooden boat by the lake.",
    "Close-up of a coffee cup on a wooden table.",
    "A wide picture in warm brown and grey tones, bright in the upper half.",
)
GERMAN = (
    "Ein Fuchs steht mit erhobenem Schwanz im frischen Schnee.",
    "Zwei Kinder spielen bei Sonnenuntergang am Strand.",
    "Eine alte Frau auf einer Bank in der Sonne.",
    "Nahaufnahme einer Kaffeetasse auf dem Holztisch.",
    "Ein breites Bild in warmen Braun- und Grautönen, oben am hellsten.",
)


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    require_language(text, "en")
    with pytest.raises(BadAnswer, match="wrong_language"):
        require_language(text, "de")


@pytest.mark.parametrize("text", GERMAN)
def test_german(text: str) -> None:
    require_language(text, "de")
    with pytest.raises(BadAnswer, match="wrong_language"):
        require_language(text, "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A red fox stands in fresh snow.", "fr"),
        ("A red fox stands in fresh snow.", "xx"),
        ("Fox in the snow", "de"),
        ('Schild mit der Aufschrift "The end of the road is near to the sea"', "de"),
        ('A sign that reads "Der Hund und die Katze sind im Haus"', "en"),
        ("Schild an der Tür: „All of the dogs are at home with the cat“", "de"),
        ("Un renard roux debout dans la neige fraîche", "de"),
        ("狐狸站在雪地里。", "de"),
        ("Die Hard", "en"),
        ("", "de"),
    ],
)
def test_what_is_not_judged(text: str, language: str) -> None:
    require_language(text, language)


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ("de", "de", "German"),
        ("DE-at", "de", "German"),
        ("de_DE.UTF-8", "de", "German"),
        ("German", "de", "German"),
        ("en", "en", "English"),
        ("", "en", "English"),
        ("xx", "xx", "the language with ISO 639 code 'xx'"),
    ],
)
def test_languages_have_names(given: str, code: str, name: str) -> None:
    assert language_code(given) == code
    assert language_name(given) == name
