"""RAW files of cameras: looked at by the JPEG in them."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handlers.inspect.decoding import Decoded, decode
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.handlers.inspect.corpus import encode, oriented, scene
from tests.handlers.inspect.dng import dng

LIMITS = PictureLimits()
SIZE, SMALL = (192, 128), (48, 32)
PREVIEW, THUMBNAIL = encode(scene(SIZE), "JPEG", quality=95), encode(scene(SMALL), "JPEG")
RAW = dng([(THUMBNAIL, SMALL), (PREVIEW, SIZE)])


def look(data: bytes) -> Decoded:
    return decode(data, LIMITS)


def refuse(data: bytes) -> str:
    """Return the reason that there is no picture for."""
    decoded = look(data)
    assert decoded.rendition == b""
    assert decoded.unreadable is not None
    return decoded.unreadable


@pytest.mark.parametrize("previews", [[(THUMBNAIL, SMALL), (PREVIEW, SIZE)], [(PREVIEW, SIZE), (THUMBNAIL, SMALL)]])
def test_the_largest_preview_is_taken(previews: list[tuple[bytes, tuple[int, int]]]) -> None:
    decoded = look(dng(previews))

    assert (decoded.unreadable, decoded.format) == (None, "RAW")
    assert (decoded.width, decoded.height) == SIZE
    assert decoded.pixel_hash == look(PREVIEW).pixel_hash
    assert decoded.measures == look(PREVIEW).measures
    assert Image.open(BytesIO(decoded.rendition)).size == SIZE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_the_camera_was_held(orientation: int) -> None:
    turned = look(encode(scene(SIZE), "JPEG", quality=95, exif=oriented(orientation)))
    assert look(dng([(PREVIEW, SIZE)], orientation=orientation)).pixel_hash == turned.pixel_hash


@pytest.mark.parametrize("own", [1, 3, 6])
def test_a_preview_that_knows_better_is_believed(own: int) -> None:
    preview = encode(scene(SIZE), "JPEG", quality=95, exif=oriented(own))
    assert look(dng([(preview, SIZE)], orientation=8)).pixel_hash == look(preview).pixel_hash


def test_a_preview_that_does_not_is_turned_all_the_same() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description, and no orientation"
    preview = encode(scene(SIZE), "JPEG", quality=95, exif=exif.tobytes())
    turned = look(encode(scene(SIZE), "JPEG", quality=95, exif=oriented(6)))
    assert look(dng([(preview, SIZE)], orientation=6)).pixel_hash == turned.pixel_hash


def test_without_a_preview_there_is_no_picture() -> None:
    assert refuse(dng([])) == "no_preview"


def test_a_tiff_is_no_raw_file() -> None:
    assert refuse(encode(scene(), "TIFF")) == "unsupported_format"


@pytest.mark.parametrize("offset", [2**32 - 1, 10**8, 0])
def test_a_preview_beyond_the_end_is_not_looked_for(offset: int) -> None:
    assert refuse(dng([(PREVIEW, SIZE)], offset=offset)) == "no_preview"


def test_a_preview_whose_end_is_missing_is_not_made_up_from_other_pictures() -> None:
    """LibRaw reads what is there into memory that it does not clear, where the end of another one may still be."""
    for _ in range(20):
        left_in_memory = [bytearray(PREVIEW) for _ in range(8)]
        del left_in_memory
        assert refuse(RAW[:-20]) == "truncated_picture"


def test_a_preview_of_gigapixels_is_refused_undecoded() -> None:
    huge = bytearray(PREVIEW)
    frame = huge.index(b"\xff\xc0")
    huge[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"
    assert refuse(dng([(bytes(huge), (65500, 65500))])) == "too_many_pixels"


def test_a_preview_that_is_no_jpeg_inside_is_refused() -> None:
    assert refuse(dng([(b"\xff\xd8\xff\xe0" + b"no picture" * 50, SIZE)])) == "no_preview"


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*", b"IIRO", b"IIU\0", b"FUJIFILMCCD-RAW ", b"\0\0\0\x18ftypcrx "])
def test_what_only_begins_like_one_is_refused(start: bytes) -> None:
    for rest in (b"", bytes(200), b"\xff" * 4000, b"\x08\0\0\0" * 2000):
        assert refuse(start + rest)


@pytest.mark.parametrize("length", [4, 9, 100, 300, len(RAW) // 2, len(RAW) - 20])
def test_a_cut_off_file_is_no_picture(length: int) -> None:
    assert refuse(RAW[:length]) in {"truncated_picture", "unsupported_format", "no_preview"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_breaks_more_than_the_picture(data: st.DataObject) -> None:
    damaged = bytearray(RAW)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(RAW) - 1))] = data.draw(st.integers(0, 255))
    decoded = look(bytes(damaged))
    assert (decoded.unreadable is None) is bool(decoded.rendition)


async def test_a_child_process_can_do_it_within_its_limits(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(RAW)
    cache = RenditionCache(tmp_path / "cache", 1 << 20)
    async with PicturePool(Sources({"": MediaRoot(tmp_path)}), LIMITS, cache, 1) as pool:
        seen = await pool.inspect("a.dng")
    assert (seen.picture.unreadable, seen.picture.format, seen.picture.width) == (None, "RAW", SIZE[0])
