"""Which prompts are whole: a table of such as people and programs leave behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reconstruction.gaps import Gap, find_gap
from handlers.reconstruction.rules import ReconstructionRules

COMPLETE = [
    "a red fox standing in deep snow",
    "A portrait of an old fisherman, weathered face, golden hour.",
    "1girl, solo, smile, outdoors",
    "1girl, solo, smile, outdoors,",
    "1girl, solo, long_hair, looking_at_viewer, :d, school_uniform, ",
    "(masterpiece:1.2), best quality, 1girl, solo, silver hair, (red eyes:1.1), night sky",
    "((masterpiece)), ((1girl), cat ears, sitting, garden",
    "masterpiece, best quality, hatsune miku \\(vocaloid\\), twintails, stage, concert",
    "score_9, score_8_up, score_7_up, 1boy, knight, castle, sunset, from below",
    "{masterpiece}, {{blue eyes}}, 1girl, maid, kitchen, smile",
    "[blurry background], cat, window, rain, evening",
    "a [cat:dog:0.5] on a sofa in a sunny living room",
    "<lora:add_detail:0.7> a lighthouse on a cliff in a storm",
    "a lighthouse on a cliff in a storm <lora:add_detail:0.7>",
    "a cottage in the woods, watercolor --ar 16:9 --v 5",
    "1girl, >:(, angry, red dress, street",
    "cinematic photo of a woman in a red coat, 35mm, f/1.8",
    'a neon sign that says "OPEN" above a diner door',
    'a wooden board, 12" wide, with fresh bread on it',
    "Ein Schild mit der Aufschrift „Bäckerei“ über einer Tür",
    "Ein roter Fuchs steht im tiefen Schnee, Aquarell",
    "赤いキツネが深い雪の中に立っている",
    "лиса стоит в глубоком снегу, акварель",
    "fox, snow, birch trees, watercolour",
    "a cat in a hat\nsitting on a mat",
    "beautiful detailed eyes of a girl looking up at the stars",
    "a knight fights a dragon BREAK castle in flames",
    "Create an image of a steam train crossing a viaduct in autumn.",
    "portrait of a man in his 40s, studio lighting, 85mm\nNegative prompt: blurry, ugly\nSteps: 20, Sampler: Euler a",
    "a robot that holds a red balloon in a field of wheat",
]
INCOMPLETE = [
    ("", Gap.NO_TEXT),
    ("???", Gap.NO_TEXT),
    ("12345, 678", Gap.NO_TEXT),
    ("none", Gap.NO_TEXT),
    ("N/A", Gap.NO_TEXT),
    ("undefined", Gap.NO_TEXT),
    ("[object Object]", Gap.NO_TEXT),
    ("test", Gap.NO_TEXT),
    ("IMG_2041 (copy).JPG", Gap.NO_TEXT),
    ("https://example.org/pictures/a-red-fox-standing-in-deep-snow", Gap.NO_TEXT),
    ('{"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}', Gap.NO_TEXT),
    ("5d41402abc4b2a76b9719d911017c592", Gap.NO_TEXT),
    ("<lora:add_detail:0.7>", Gap.NO_TEXT),
    ("<lora:add_detail:0.7>, (:1.3), <lora:other:1>", Gap.NO_TEXT),
    ("\nNegative prompt: blurry, ugly\nSteps: 20", Gap.NO_TEXT),
    ("a photo of {subject} in the rain at night", Gap.PLACEHOLDER),
    ("a photo of {SUBJECT_1}, soft light, forest, river", Gap.PLACEHOLDER),
    ("{{prompt}}, masterpiece, forest, river, night", Gap.PLACEHOLDER),
    ("a __colour__ car on a __place__ road in the evening", Gap.PLACEHOLDER),
    ("a woman in a [insert colour] dress on a beach", Gap.PLACEHOLDER),
    ("a woman in a <style> dress on a long beach", Gap.PLACEHOLDER),
    ("a {red|blue|green} car on an empty road", Gap.PLACEHOLDER),
    ("Your prompt here", Gap.PLACEHOLDER),
    ("Lorem ipsum dolor sit amet consectetur", Gap.PLACEHOLDER),
    ("a red fox standing in deep snow and...", Gap.CUT_OFF),
    ("a red fox standing in deep sn…", Gap.CUT_OFF),
    ("a red fox standing in deep snow with", Gap.CUT_OFF),
    ("a red fox standing in deep snow and", Gap.CUT_OFF),
    ("Ein roter Fuchs steht im tiefen Schnee und", Gap.CUT_OFF),
    ("a red fox standing in deep snow,", Gap.CUT_OFF),
    ("a red fox standing in deep snow (soft light", Gap.CUT_OFF),
    ("1girl, solo, smile, outdoors, (red eyes:1.2", Gap.CUT_OFF),
    ("1girl, solo, smile, outdoors, <lora:add_de", Gap.CUT_OFF),
    ('a neon sign that says "OPEN above a diner', Gap.CUT_OFF),
    ("Ein Schild mit der Aufschrift „Bäcker", Gap.CUT_OFF),
    ("a sign that says “OPEN above a diner", Gap.CUT_OFF),
    ("masterpiece, best quality", Gap.ONLY_QUALITY),
    ("(masterpiece:1.4), ((best quality)), 8k, ultra detailed, highres", Gap.ONLY_QUALITY),
    ("score_9, score_8_up, score_7_up, masterpiece, absurdres", Gap.ONLY_QUALITY),
    ("Meisterwerk, beste Qualität, hochauflösend", Gap.ONLY_QUALITY),
    ("a cat", Gap.TOO_SHORT),
    ("fox", Gap.TOO_SHORT),
    ("masterpiece, best quality, 1girl, solo", Gap.TOO_SHORT),
    ("Fuchs im Schnee", Gap.TOO_SHORT),
    ("cat, cat, cat, cat", Gap.TOO_SHORT),
    ("dog <lora:a:1> <lora:b:1> --ar 16:9 --v 5", Gap.TOO_SHORT),
]


@pytest.mark.parametrize("prompt", COMPLETE)
def test_whole_prompts(prompt: str) -> None:
    assert find_gap(prompt) is None


@pytest.mark.parametrize(("prompt", "gap"), INCOMPLETE)
def test_incomplete_prompts(prompt: str, gap: Gap) -> None:
    assert find_gap(prompt) is gap


def test_how_long_is_long_enough_can_be_set() -> None:
    assert find_gap("a cat", ReconstructionRules(minimum_words=2)) is None
    assert find_gap("cat, hat", ReconstructionRules(minimum_tags=2)) is None
    assert find_gap("a red fox standing in deep snow", ReconstructionRules(minimum_words=9)) is Gap.TOO_SHORT


@given(st.text(alphabet=st.characters() | st.sampled_from('a ,({[<>]})_|:"„“…\\\n'), max_size=200))
def test_any_text_is_judged(text: str) -> None:
    gap = find_gap(text)
    assert gap is None or gap in Gap
    assert find_gap(f"  {text}  ") is gap


def test_a_hostile_text_is_judged_in_no_time() -> None:
    pieces = (
        "(", "{a|", "__", "<lora:", "[insert", "[insert ", "{ subject ", "-- ", '{"a":', "a.", "--a ", "Steps: 1",
    )  # fmt: skip
    for piece in pieces:
        find_gap(piece * 20_000)
    find_gap("{" + "a|" * 500_000)
