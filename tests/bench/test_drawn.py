"""That pairs are drawn from dictionaries as it is said: what is one tag, what is two, and the same set each time."""

from bench.quality.tags import drawing, drawn
from bench.quality.tags.dictionaries import Synset, list_neighbours, read_ding, read_usual, read_wordnet
from bench.quality.tags.drawing import draw_pairs
from bench.quality.tags.gold import Pair

DING = [
    "# a remark :: of the list",
    "Boje {f} [naut.] | Bojen {pl} :: buoy | buoys",
    "Bote {m}; Botin {f} | Boten {pl}; Botinnen {pl} :: messenger | messengers",
    "Buse {f} (Vogel) :: hawk /h./",
    "Reif {m} :: ring",
    "reif {adj} :: ripe",
    "Reife {f} :: ripeness",
    "Laufen {n} :: gait",
    "laufen {vi} :: to run",
    "Ruß {m} :: soot",
    "Russ {m} :: horse",
    "Teil {m} | Teile {pl} | kein Teil :: part | parts",
]
WORDNET = [
    "  1 a licence",
    "00000001 06 n 02 buoy 0 float 1 000 | it floats",
    "00000002 06 n 02 colour 0 color 0 001 @ 1 n 0000 | of light",
    "00000003 06 n 02 tooth_brush 0 toothbrush 0 000 | for teeth",
    "00000004 05 n 01 boat 0 000 | for water",
    "00000005 05 n 01 goat 0 000 | with horns",
    "00000006 15 n 01 Chad 0 000 | a country",
    "00000007 06 n 01 chad 0 000 | of paper",
]
INDEX = [
    "  1 a licence",
    *(f"{noun} n 1 1 @ 1 1 00000001" for noun in ("boat", "goat", "chad")),
    "buoy n 1 0 1 0 00000001",
]
ENTRIES, SYNSETS, USUAL = list(read_ding(DING)), list(read_wordnet(WORDNET)), read_usual(INDEX)


def test_the_lists_are_read() -> None:
    buoy = ENTRIES[0]
    assert [[(word.name, word.gender) for word in meaning.german] for meaning in buoy] == [
        [("Boje", "f")],
        [("Bojen", "pl")],
    ]
    assert [meaning.english for meaning in buoy] == [("buoy",), ("buoys",)]
    assert len(ENTRIES) == len(DING) - 2, "a remark, and a line whose sides do not fit"
    assert SYNSETS[2] == Synset("00000003", 6, ("tooth brush", "toothbrush"))
    assert {"boat", "goat", "chad"} == USUAL


def test_neighbours_differ_in_one_letter() -> None:
    words = ["boat", "goat", "boats", "float", "oat"]
    assert list_neighbours(words) == [
        ("boat", "boats"), ("boat", "goat"), ("boat", "oat"), ("goat", "oat"),
    ]  # fmt: skip


def test_every_kind_is_what_the_dictionaries_say() -> None:
    assert drawing.list_english_plurals(ENTRIES) == {("buoy", "buoys")}
    assert drawing.list_german_plurals(ENTRIES) == {("Boje", "Bojen")}
    assert drawing.list_spellings(SYNSETS) == {("color", "colour"), ("tooth brush", "toothbrush")}
    assert drawing.list_english_neighbours(SYNSETS, USUAL) == {("boat", "goat")}
    assert drawing.list_english_homographs(SYNSETS, USUAL) == {("Chad", "chad")}
    assert drawing.list_women(ENTRIES) == {("Bote", "Botin")}
    assert drawing.list_german_homographs(ENTRIES) == {("Reif", "reif"), ("Ruß", "Russ")}
    assert ("Reif", "Reife") in drawing.list_german_neighbours(drawing._translate(ENTRIES))


def test_one_and_several_of_a_thing_are_no_two_things() -> None:
    numbers = drawing.list_numbers(ENTRIES)
    assert {("Boje", "Bojen"), ("buoy", "buoys"), ("Bote", "Boten")} <= numbers
    assert ("Reif", "Reife") not in numbers
    synsets = [*SYNSETS, Synset("00000008", 6, ("buoys",))]
    assert drawing.list_english_neighbours(synsets, USUAL | {"buoy", "buoys"}) == {("boat", "goat"), ("buoy", "buoys")}
    drawn_pairs = draw_pairs(ENTRIES, synsets, USUAL | {"buoy", "buoys"}, ())
    assert [pair for pair in drawn_pairs if pair.other == "buoys"] == [
        Pair("buoy", "buoys", True, "en", "dictionary", "plural", second=True)
    ]


def test_the_set_is_the_same_each_time_and_holds_nothing_that_is_known() -> None:
    pairs = draw_pairs(ENTRIES, SYNSETS, USUAL, ())
    assert pairs == draw_pairs(ENTRIES, SYNSETS, USUAL, ())
    assert all(pair.held_out for pair in pairs)
    assert Pair("boat", "goat", False, "en", "dictionary", "near", second=True) in pairs
    known = Pair("goat", "boat", False, "en", "photograph", "near")
    assert not [
        pair for pair in draw_pairs(ENTRIES, SYNSETS, USUAL, [known]) if {pair.one, pair.other} == {"boat", "goat"}
    ]


def test_what_is_made_of_the_pairs_is_counted_and_no_pair_is_shown() -> None:
    pairs = [
        Pair("buoy", "Buoy", True, "en", "dictionary", "case", second=True),
        Pair("buoy", "pier", True, "en", "dictionary", "spelling", second=True),
        Pair("boat", "goat", False, "en", "dictionary", "near", second=True),
        Pair("boat", "BOAT", False, "en", "dictionary", "near", second=True),
    ]
    section = drawn.tell(pairs)
    assert section.figures["all pairs"] == [2, 1, 2, 1]
    ways, kinds = section.tables
    assert ways.rows[0][1:3] == ("1 of 2", "1 of 2")
    assert ways.rows[1][1:4:2] == ("1 of 2", "1.000 (at least 0.050)")
    assert ("near", "en", "", "1 of 2") in kinds.rows
    assert "boat" not in str(section.tables)
