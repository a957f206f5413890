"""Chunks that unfold to too much go, and nothing else."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import PngImagePlugin

from handlers.inspect.chunks import MOST_OF_ALL, MOST_OF_ONE, PNG, drop_bombs
from handlers.inspect.decoding import decode
from handlers.inspect.limits import PictureLimits
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generated.a1111 import infotext
from tests.handlers.inspect.metadata import encode, with_chunks

BOMB = zlib.compress(b"a" * (MOST_OF_ONE + 1), 9)
KINDS = {
    b"zTXt": b"k\0\0" + BOMB,
    b"iTXt": b"k\0\1\0en\0k\0" + BOMB,
    b"iCCP": b"k\0\0" + BOMB,
}


def list_kinds(data: bytes) -> list[bytes]:
    """The kinds of a PNG's chunks."""
    kinds, at = [], len(PNG)
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4])
    return kinds


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_goes_wherever_it_stands(kind: bytes) -> None:
    plain = encode(scene(), "PNG")
    assert drop_bombs(with_chunks(scene(), [(kind, KINDS[kind])])) == plain


@pytest.mark.parametrize("body", [b"k\0\2\0\0\0" + zlib.compress(b"a" * (3 << 20)), b"k\0\0\0\0\0" + b"a" * (65 << 20)])
def test_texts_that_only_pillow_would_unfold_or_add_up_are_bombs_too(body: bytes) -> None:
    """Any flag but 0 says that a text is compressed; and one that is not compressed counts as long as it is."""
    decoded = decode(with_chunks(scene(), [(b"iTXt", body)]), PictureLimits())
    assert decoded.unreadable is None


def test_what_is_no_bomb_stays_byte_by_byte() -> None:
    small = zlib.compress(b"a" * MOST_OF_ONE, 9)
    texts = [(b"zTXt", b"k\0\0" + small), (b"tEXt", b"k\0" + b"a" * 5000), (b"iTXt", b"k\0\0\0\0\0" + b"b" * 5000)]
    data = with_chunks(scene(), [*texts, (b"prVt", BOMB), (b"zTXt", b"k\0\0no zlib")])
    assert drop_bombs(data) == data


def test_of_many_texts_no_more_is_unfolded_than_all_may_come_to() -> None:
    one = zlib.compress(b"a" * MOST_OF_ONE, 9)
    data = with_chunks(scene(), [(b"zTXt", b"k\0\0" + one)] * 3000)
    left = list_kinds(drop_bombs(data)).count(b"zTXt")
    assert left == MOST_OF_ALL // MOST_OF_ONE - 1
    bombs = with_chunks(scene(), [*([(b"zTXt", KINDS[b"zTXt"])] * 40), (b"tEXt", b"k\0late")])
    assert list_kinds(drop_bombs(bombs)).count(b"tEXt") == 0


def test_a_prompt_beside_a_bomb_is_read() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", infotext("a red fox in snow"))
    info.add(b"zTXt", KINDS[b"zTXt"])
    decoded = decode(encode(scene(), "PNG", pnginfo=info), PictureLimits())
    assert (decoded.unreadable, decoded.detail) == (None, "metadata_bomb")
    assert decoded.embedded is not None
    assert decoded.embedded.prompt == "a red fox in snow"


def test_a_bomb_hides_no_other_fault() -> None:
    data = with_chunks(scene(), [(b"zTXt", KINDS[b"zTXt"])])
    decoded = decode(data, PictureLimits(max_pixels=100))
    assert decoded.unreadable == "too_many_pixels"


@given(st.binary(max_size=200), st.integers(0, 400))
def test_broken_chunks_do_no_harm_and_twice_is_once(noise: bytes, at: int) -> None:
    good = with_chunks(scene((8, 8)), [(b"zTXt", KINDS[b"zTXt"])])
    data = PNG + good[len(PNG) :][:at] + noise + good[at:]
    once = drop_bombs(data)
    assert drop_bombs(once) == once
    assert len(once) <= len(data)
