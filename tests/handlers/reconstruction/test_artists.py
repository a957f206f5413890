"""Artists' names go, styles and depicted people stay: tables in English and German."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.prompts.attributions import read_attributions
from handlers.reconstruction.artist_names import FULL_NAMES, SURNAMES
from handlers.reconstruction.artists import drop_artists
from handlers.reconstruction.namesakes import NAMESAKES, STUDIOS
from handlers.reconstruction.slots import SLOTS

REMOVED = [
    ("oil painting by Greg Rutkowski", "oil painting"),
    ("oil painting by greg rutkowski, dramatic", "oil painting, dramatic"),
    ("oil painting by GREG RUTKOWSKI and Alphonse Mucha, dramatic", "oil painting, dramatic"),
    ("digital art by Jane Unheardof", "digital art"),
    ("digital art by jane unheardof, soft shading", "digital art, soft shading"),
    ("concept art by Jane Unheardof and Jon van der Nobody", "concept art"),
    ("photograph by A. B. Someone, grainy", "photograph, grainy"),
    ("watercolour in the style of Jane Unheardof", "watercolour"),
    ("in the style of greg rutkowski and artgerm", ""),
    ("in the style of greg rutkowski with soft light", "with soft light"),
    ("in the style of the painter Jane Unheardof, muted", "muted"),
    ("ink drawing inspired by Hokusai", "ink drawing"),
    ("ink drawing inspired by the works of Jane Unheardof", "ink drawing"),
    ("fantasy illustration, painted by Jane Unheardof", "fantasy illustration"),
    ("a mix of Monet and Klimt", ""),
    ("a mix of Monet and watercolour", "watercolour"),
    ("watercolour meets Klimt", "watercolour"),
    ("photo by jane doe", "photo"),
    ("photo by jane doe at night", "photo at night"),
    ("in the style of jane doe", ""),
    ("in the style of jane doe, muted", "muted"),
    ("digital art by jane doe and john roe", "digital art"),
    ("digital art by jane doe and ink wash", "digital art and ink wash"),
    ("a moody study by bettina krauskopf", "a moody study"),
    ("Klee inspired", ""),
    ("klee-inspired squares", "squares"),
    ("Turner-like sea", "sea"),
    ("a Turner-like ocean", "an ocean"),
    ("Bosch-like", ""),
    ("Boschian hell", "hell"),
    ("Raphael fresco", "fresco"),
    ("a Raphael fresco", "a fresco"),
    ("expressionism, Klee", "expressionism"),
    ("the Bauhaus school and Klee", "the Bauhaus school"),
    ("studio ghibli style", ""),
    ("in Studio Ghibli style, lush", "lush"),
    ("Studio Ghibli anime", "anime"),
    ("pixar-style render", "render"),
    ("style: Mucha, art nouveau", "art nouveau"),
    ("artist: jane doe, oil", "oil"),
    ("(by jane doe:1.3), oil", "oil"),
    ('signed "E. Hartmann", oil', "oil"),
    ("Kafka-esque hall, Rozalska-inspired", "Kafka-esque hall"),
    ("jane doe style, oil", "oil"),
    ("paul thomas anderson aesthetics", ""),
    ("in the style of Wes Anderson movies", ""),
    ("posing as in a Vermeer painting", "posing as in a painting"),
    ("attributed to Raphael", ""),
    ("von Klee inspiriert", ""),
    ("von Klee inspirierte Quadrate", "Quadrate"),
    ("von jane doe gemalt", ""),
    ("an Hopper erinnernd, still", "still"),
    ("im Stil von jane doe", ""),
    ("im Ghibli-Stil, zart", "zart"),
    ("Klee-inspiriert, bunt", "bunt"),
    ("nach Art von jane doe, bunt", "bunt"),
    ("Foto von jane doe", "Foto"),
    ("in Anlehnung an Klee", ""),
    ("Van Gogh style brush strokes", "brush strokes"),
    ("in van Gogh style, swirling sky", "swirling sky"),
    ("Picassoesque portrait", "portrait"),
    ("a Monet-inspired garden", "a garden"),
    ("Vincent van Gogh's palette", "palette"),
    ("digital painting, trending on artstation", "digital painting"),
    ("digital painting, artstation HQ, sharp", "digital painting, sharp"),
    ("digital painting, deviantart, pixiv", "digital painting"),
    ("anime, @some_painter", "anime"),
    ("semi-realistic, RossDraws, WLOP", "semi-realistic"),
    ("semi-realistic, SomePainter", "semi-realistic"),
    ("Art by Zdzislaw Beksinski", "Art"),
    ("art by zdzisław beksiński", "art"),
    ("woodcut, Albrecht Duerer", "woodcut"),
    ("greg_rutkowski, oil painting", "oil painting"),
    ("H.R. Giger, biomechanical", "biomechanical"),
    ("H. R. Giger, biomechanical", "biomechanical"),
    ("hr giger, biomechanical", "biomechanical"),
    ("shot by Annie Leibovitz, studio portrait", "studio portrait"),
    ("cinematic, directed by Jane Unheardof", "cinematic"),
    ("Ölgemälde von Caspar David Friedrich", "Ölgemälde"),
    ("Ölgemälde von Greta Unbekannt", "Ölgemälde"),
    ("Aquarell im Stil von Greta Unbekannt, zart", "Aquarell, zart"),
    ("Aquarell im Stil von Klimt", "Aquarell"),
    ("Aquarell im Stile van Goghs", "Aquarell"),
    ("Aquarell im Stil Caspar David Friedrichs", "Aquarell"),
    ("Tuschezeichnung, inspiriert von Hokusai", "Tuschezeichnung"),
    ("Tuschezeichnung, gemalt von Greta Unbekannt", "Tuschezeichnung"),
    ("Illustration nach Art von Greta Unbekannt", "Illustration"),
    ("Gemälde in der Art von Spitzweg", "Gemälde"),
    ("Caravaggio lighting, deep shadows", "lighting, deep shadows"),
    ("Picasso-Stil, kubistisch", "kubistisch"),
]
NOT_REACHED = ("mcbess linework",)
"""A nickname that nobody has listed, and nothing that introduces it."""
KEPT = [
    "Wabi-Sabi aesthetic",
    "Webtoon style",
    "Hanok style",
    "evoking Nostalgia",
    "echoing Loneliness",
    "style: Grunge",
    "Celadon-style glaze",
    "Art Deco poster",
    "in the style of Art Deco",
    "in the style of Art Nouveau and Jugendstil",
    "in the style of Bauhaus",
    "Studio lighting, soft shadows",
    "Impressionism",
    "in the style of Impressionism",
    "in the style of Ukiyo-e",
    "in the style of Japanese Woodblock Prints",
    "in the style of the Dutch Golden Age",
    "in the style of a children's book",
    "in the style of 1950s advertising",
    "inspired by nature",
    "inspired by Film Noir",
    "Rembrandt lighting",
    "LowPoly render, PhotoRealism",
    "a Möbius strip",
    "Rembrandt-Licht von links",
    "painted by hand",
    "painted by a child",
    "drawing by candle light",
    "lit by neon signs",
    "lit by the Golden Hour",
    "surrounded by tall trees",
    "by the sea",
    "by an old sea wall",
    "in the style of art nouveau",
    "in the style of vintage seed packets",
    "in the style of Swiss travel brochures",
    "inspired by ancient greek vases",
    "inspired by Peter Pan",
    "photo by moonlight",
    "photo by drone",
    "illustration by hand",
    "shot by a security camera",
    "dog-like",
    "rose-inspired",
    "Mexican-inspired tiles",
    "picturesque, statuesque",
    "Titian red",
    "Italian fresco",
    "artist unknown",
    "style: art nouveau",
    "like a dream",
    "after dark",
    "im Stil der Neuen Sachlichkeit",
    "im Stil einer alten Landkarte",
    "nach Art alter Stiche",
    "von der Natur inspiriert",
    "von Hand gemalt",
    "an alte Fotos erinnernd",
    "an die Wand gemalt",
    "zwischen Tag und Nacht",
    "35mm photograph, Kodak Portra 400",
    "taken after Sunset",
    "im Stil des Jugendstils",
    "im Stil von Ölgemälden",
    "im Stil alter Meister",
    "im Stil der Renaissance",
    "Licht von links oben",
    "von Nebel umgeben",
    "von Bergen und Seen umgeben",
    "inspiriert von Märchen",
    "cyberpunk, vaporwave, low poly",
    "Renaissance painting",
]


@pytest.mark.parametrize(("text", "rest"), REMOVED)
def test_artists_go(text: str, rest: str) -> None:
    cleaned, dropped = drop_artists("style", text)
    assert cleaned == rest
    assert dropped
    assert drop_artists("style", cleaned) == (cleaned, ())


@pytest.mark.parametrize("text", KEPT)
def test_styles_stay(text: str) -> None:
    assert drop_artists("style", text) == (text, ())


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("subject", "a man in a DeLorean with a PlayStation"),
        ("subject", "a portrait of Angela Merkel"),
        ("subject", "ein Porträt von Angela Merkel"),
        ("subject", "a cabin by Lake Superior"),
        ("setting", "a café by Notre Dame"),
        ("setting", "by Tower Bridge in London"),
        ("setting", "Blick von San Francisco auf das Meer"),
        ("action", "swimming by Night"),
        ("subject", "a turner at his lathe by a hopper"),
        ("subject", "a field of Klee and a Bosch drill"),
        ("subject", "a man lit by a Bosch lamp"),
        ("subject", "a woman like Marilyn Monroe"),
        ("subject", "ein Feld voller Klee"),
        ("subject", "Disneyland at night"),
        ("setting", "a café on Rue Monet"),
        ("setting", "am Turner-Platz in Wien"),
    ],
)
def test_places_and_people_who_are_no_artists_stay(slot: str, text: str) -> None:
    assert drop_artists(slot, text) == (text, ())


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a girl named Frida Kahlo", "a girl"),
        ("a lake, painted by jane doe", "a lake"),
        ("a raphael-like angel", "an angel"),
        ("a portrait of a nun by jane doe", "a portrait of a nun"),
        ("a woman who looks like a Modigliani", "a woman"),
    ],
)
def test_artists_go_where_people_may_be_named(text: str, rest: str) -> None:
    assert drop_artists("subject", text)[0] == rest


def test_what_rules_were_made_for_comes_out_as_it_should() -> None:
    for of in read_attributions():
        if of.held_out or of.text in NOT_REACHED:
            continue
        left, _ = drop_artists(of.slot, of.text)
        assert left in of.rests, of.text
        assert drop_artists(of.slot, left) == (left, ()), of.text


def test_who_made_a_picture_is_not_who_is_in_it() -> None:
    assert drop_artists("subject", "a portrait by Rankin") == ("a portrait", ("Rankin",))


@pytest.mark.parametrize("people", ["Frida Kahlo in her garden, 1940", "FRIDA KAHLO"])
def test_whom_the_platform_names_may_be_in_the_picture(people: str) -> None:
    text = "Frida Kahlo with a monkey"
    assert drop_artists("subject", text, people) == (text, ())
    assert drop_artists("subject", text) == ("with a monkey", ("Frida Kahlo",))
    assert drop_artists("subject", text, "A woman and a monkey") == ("with a monkey", ("Frida Kahlo",))
    assert drop_artists("style", text, people) == ("with a monkey", ("Frida Kahlo",))


def test_every_known_name_goes_however_it_is_written() -> None:
    for name in (*FULL_NAMES, *SURNAMES):
        for written in (name, name.lower(), name.upper(), name.replace(" ", "_"), f"a lake, {name}, at night"):
            cleaned, dropped = drop_artists("quality", written)
            assert len(dropped) == 1, written
            assert cleaned in ("", "a lake, at night")


def test_every_namesake_and_studio_goes_where_the_wording_says_that_it_is_imitated() -> None:
    for name in (*NAMESAKES, *STUDIOS):
        for text in ("in the style of {}, muted", "{}-inspired, muted", "im Stil von {}, muted", "{} style, muted"):
            assert drop_artists("style", text.format(name))[0] == "muted", text.format(name)


WORDS = """
by von of and und in the style a an im Stil photo painting inspired -inspired style: like jane doe Klee Monet Turner
Studio Ghibli Raphael fresco oil , , ( ) : 1.2 'S s' x meets between red sea Wolken gemalt erinnernd an with &
"""
DANGLING = re.compile(r"(?:^|,)\s*(?:by|of|and|und|von|style:|artist:)\s*(?:,|$)|\(\s*\)", re.IGNORECASE)


@given(st.sampled_from(SLOTS), st.text(max_size=80), st.sampled_from(REMOVED), st.text(max_size=40))
def test_cleaning_twice_changes_nothing_more(slot: str, before: str, part: tuple[str, str], after: str) -> None:
    cleaned, dropped = drop_artists(slot, f"{before}, {part[0]}, {after}")
    assert drop_artists(slot, cleaned) == (cleaned, ())
    if not dropped:
        assert cleaned == f"{before}, {part[0]}, {after}"


@given(st.sampled_from(SLOTS), st.lists(st.sampled_from(WORDS.split()), max_size=12))
def test_nothing_dangles_whatever_stands_around_a_name(slot: str, words: list[str]) -> None:
    text = " ".join(words)
    cleaned, dropped = drop_artists(slot, text)
    assert drop_artists(slot, cleaned) == (cleaned, ())
    if not dropped:
        assert cleaned == text
    elif not DANGLING.search(text):
        assert not DANGLING.search(cleaned)
        assert not re.search(r"(?:^|,)\s*(?:,|$)", cleaned) or not cleaned


@given(
    st.lists(st.sampled_from(KEPT), max_size=3), st.sampled_from(REMOVED), st.lists(st.sampled_from(KEPT), max_size=3)
)
def test_other_clauses_are_left_as_they_are(before: list[str], part: tuple[str, str], after: list[str]) -> None:
    cleaned, dropped = drop_artists("style", ", ".join((*before, part[0], *after)))
    assert dropped
    assert cleaned == ", ".join(filter(None, (*before, part[1], *after)))
