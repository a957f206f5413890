"""Sets of tags in the wrong language: found where it is clear, and never where it is not."""

from collections.abc import Callable

import pytest

from handlers.failures import BadAnswer
from handlers.tags.set_language import judge_languages, require_set_language

ENGLISH = """
dog grass ball park · sunset beach ocean sky cloud · hotel baby computer auto restaurant · portrait woman smile red hair
city street night neon light car · mountain lake reflection forest snow · food pizza cheese tomato basil · cat sofa
wedding bride groom bouquet church · concert guitar stage crowd band · anime girl sword armor fantasy · hand ring gold
robot android cyberpunk neon future · landscape field tractor farm barn · beer glass bar wood table · angel wing halo
winter sport ski slope · museum statue marble art · hamburger pommes cola restaurant · butterfly flower garden macro
oktoberfest beer bretzel dirndl lederhosen · kindergarten rucksack dachshund schnauzer · tiger panda elefant zoo
architecture facade glass skyscraper · warm wind rose arm hand · winter wolf fern gold butter · fox snow tree
rain umbrella street person · map compass pen paper notebook · kitchen pan oven bread · dragon castle knight
train station platform · boat harbour sea · bicycle wall graffiti · text sign logo · Berlin Munich Hamburg Alps
Anna Heidi Wolfgang Schmidt · Volkswagen Mercedes Porsche Audi · samurai geisha sushi karate kimono
"""
GERMAN = """
Hund Gras Ball Park · Sonnenuntergang Strand Meer Himmel Wolke · Hotel Baby Computer Auto Restaurant · Hand Ring Gold
Porträt Frau Lächeln Haar · Stadt Straße Nacht Neonlicht Auto · Berg See Spiegelung Wald Schnee · Text Schild Logo
Essen Pizza Käse Tomate Basilikum · Katze Sofa Fenster Sonnenlicht · Hochzeit Braut Bräutigam Blumenstrauß Kirche
Konzert Gitarre Bühne Publikum Band · Anime Mädchen Schwert Rüstung Fantasy · Roboter Android Cyberpunk Neon Zukunft
Landschaft Feld Traktor Bauernhof Scheune · Bier Glas Bar Holz Tisch · Wintersport Ski Piste · Boot Hafen Meer
Museum Statue Marmor Kunst · Skyline Skateboard Streetart Graffiti Smartphone · Laptop Handy Monitor Tablet Keyboard
Burger Fastfood Ketchup Cola · T-Shirt Jeans Sweatshirt Sneaker · Fuchs Schnee Baum · Architektur Fassade Glas Hochhaus
Fahrrad Mauer Graffiti · warm wind rose arm hand · Winter Wolf Farn Gold Butter · Regen Regenschirm Straße Person
Karte Kompass Stift Papier Notizbuch · Küche Pfanne Ofen Brot · Drache Burg Ritter · Zug Bahnhof Bahnsteig
Camping Van Surfer Beach · London Big-Ben Bus Tower-Bridge · New-York Skyline Times-Square Taxi · Cosplay Selfie Bokeh
Anna John Smith Mary · Apple Google Facebook Twitter · Samurai Geisha Sushi Karate Kimono
"""
CASES: list[Callable[[str], str]] = [str, str.lower, str.title]


def sets(text: str) -> list[list[str]]:
    """The sets that stand between dots, and longer ones made of two."""
    short = [told.split() for told in text.replace("\n", "·").split("·") if told.strip()]
    return short + [one + other for one, other in zip(short, short[7:] + short[:7], strict=True)]


def refused(names: list[str], language: str) -> bool:
    try:
        require_set_language(names, language)
    except BadAnswer:
        return True
    return False


@pytest.mark.parametrize("spell", CASES)
@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (GERMAN, "de")])
def test_no_set_in_the_right_language_is_refused(text: str, language: str, spell: Callable[[str], str]) -> None:
    assert [names for names in sets(text) if refused([spell(name) for name in names], language)] == []


@pytest.mark.parametrize(("text", "language", "least"), [(ENGLISH, "de", 0.4), (GERMAN, "en", 0.5)])
def test_many_sets_in_the_wrong_language_are_refused(text: str, language: str, least: float) -> None:
    every = sets(text)
    long = every[len(every) // 2 :]
    assert sum(refused(names, language) for names in long) / len(long) > least


@pytest.mark.parametrize("language", ["xx", "ja", "zh"])
def test_a_language_without_a_dictionary_passes(language: str) -> None:
    names = ["woman", "tree", "dog", "mountain", "flower", "snow", "bicycle"]
    assert judge_languages(names, language) == (0, 0)
    assert not refused(names, language)
    assert refused(names, "de")
    assert refused(names, "fr")
