"""What means harm does none: no exception, and no picture lost for its metadata's sake."""

import gzip
import json
import struct
from io import BytesIO

import pytest
from PIL import Image

from contracts.embedded import Embedded
from handlers.inspect.decoding import Decoded, decode
from handlers.inspect.embedded.carriers import MAX_TEXT
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.embedded.telling import MAX_PROMPT
from handlers.inspect.limits import PictureLimits
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.embedded.hostile import FILES, KEYWORDS, TEXTS, WRONG_TYPES, Write, in_field
from tests.handlers.inspect.generated.a1111 import infotext
from tests.handlers.inspect.metadata import encode, hide_bytes

SMALL, LARGE = scene((24, 16)), scene((512, 512))


def look(write: Write, picture: Image.Image) -> Decoded:
    """Decode a file whose pixels must be usable."""
    decoded = decode(write(picture), PictureLimits())
    assert decoded.unreadable is None, decoded.detail
    assert decoded.rendition
    require_storable(decoded.embedded)
    return decoded


def require_storable(embedded: Embedded | None) -> None:
    """Fail if a database could not hold this."""
    if embedded is not None:
        text = embedded.model_dump_json()
        assert "\\u0000" not in text
        assert Embedded.model_validate(json.loads(text)) == embedded
        assert max(len(embedded.prompt), len(embedded.negative_prompt)) <= MAX_PROMPT


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_hostile_texts_do_no_harm(name: str, keyword: str) -> None:
    look(in_field(keyword, TEXTS[name]), SMALL)


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_do_no_harm(name: str) -> None:
    look(FILES[name], LARGE)


@pytest.mark.parametrize(("keyword", "text"), WRONG_TYPES)
def test_values_of_wrong_types_are_nothing(keyword: str, text: str) -> None:
    embedded = look(in_field(keyword, text), SMALL).embedded
    assert embedded is None or isinstance(embedded.prompt, str)


def test_what_no_database_holds_is_left_out_and_nothing_else() -> None:
    embedded = look(in_field("parameters", TEXTS["a lone surrogate"]), SMALL).embedded
    assert embedded == Embedded(generator="swarmui", prompt="abc", model=None, seed=1)


def test_a_hidden_text_that_unfolds_to_too_much_is_not_read_in_part() -> None:
    body = gzip.compress(infotext().encode() + b"\n" + b" " * (MAX_TEXT + 1))
    hidden = hide_bytes(LARGE, b"stealth_pngcomp" + struct.pack(">I", len(body) * 8) + body)
    assert look(lambda _: encode(hidden, "PNG"), LARGE).embedded is None


def test_prompts_are_cut() -> None:
    prompt = "🌊" * (MAX_PROMPT + 1)
    text = json.dumps({"sui_image_params": {"prompt": prompt, "negativeprompt": prompt}})
    embedded = look(in_field("parameters", text), SMALL).embedded
    assert embedded is not None
    assert embedded.prompt == embedded.negative_prompt == prompt[:MAX_PROMPT]


@pytest.mark.parametrize("seed", [2**64, -1, "-1", "²", "9" * 30, 1.0, True, None, [1]])
def test_a_seed_that_is_none_is_not_told(seed: object) -> None:
    text = json.dumps({"sui_image_params": {"prompt": "a", "seed": seed}})
    assert look(in_field("parameters", text), SMALL).embedded == Embedded(generator="swarmui", prompt="a")


def test_a_picture_that_is_closed_has_no_metadata() -> None:
    """sd-parsers and Pillow raise what they like: nothing of it gets out."""
    with Image.open(BytesIO(in_field("parameters", "a")(SMALL))) as image:
        pass
    assert read_embedded(image, b"") is None
