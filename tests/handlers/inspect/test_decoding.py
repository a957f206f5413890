"""What becomes of a picture's bytes. M1 to M21 are kinds of bad input, with a test or two each."""

import hashlib
import struct
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from handlers.inspect.decoding import Decoded, decode
from handlers.inspect.limits import PictureLimits
from handlers.inspect.reasons import Reason
from tests.handlers.inspect import corpus
from tests.handlers.inspect.corpus import JPEG, encode, oriented, scene

LIMITS = PictureLimits()


def look(data: bytes, limits: PictureLimits = LIMITS) -> Decoded:
    """Decode a picture that must be usable."""
    decoded = decode(data, limits)
    assert decoded.unreadable is None, decoded.detail
    return decoded


def open_rendition(decoded: Decoded) -> Image.Image:
    """Return the pixels that a model will see."""
    image = Image.open(BytesIO(decoded.rendition))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    image.load()
    return image


def hash_pixels(picture: Image.Image) -> str:
    """Return the pixel hash that a lossless file of this picture must have."""
    return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()


def assert_colour(decoded: Decoded, expected: tuple[int, int, int], tolerance: int = 6) -> None:
    """Compare the middle of the rendition."""
    image = open_rendition(decoded)
    middle = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(middle, tuple)
    assert max(abs(a - b) for a, b in zip(middle, expected, strict=True)) <= tolerance, middle


@pytest.mark.parametrize("name", corpus.REFUSED)
def test_bad_pictures_get_their_reason(name: str) -> None:
    make, reason = corpus.REFUSED[name]
    decoded = decode(make(), LIMITS)
    assert decoded.unreadable == reason, decoded
    assert decoded.rendition == b""
    assert decoded.pixel_hash is None


@pytest.mark.parametrize("name", corpus.BOMBS)
def test_of_a_metadata_bomb_the_pixels_are_read_and_it_is_said(name: str) -> None:
    decoded = decode(corpus.BOMBS[name](), LIMITS)
    plain = decode(encode(scene(), "PNG"), LIMITS)
    assert decoded.unreadable is None
    assert decoded.detail == "metadata_bomb"
    assert (decoded.pixel_hash, decoded.rendition) == (plain.pixel_hash, plain.rendition)
    assert (decoded.measures, decoded.phash) == (plain.measures, plain.phash)
    assert plain.detail == ""


def test_what_was_found_before_the_failure_is_kept() -> None:
    strip = decode(corpus.png(65_535, 1), LIMITS)
    assert (strip.format, strip.width, strip.height) == ("PNG", 65_535, 1)
    cut = decode(JPEG[:-2], LIMITS)
    assert (cut.format, cut.width, cut.height) == ("JPEG", 96, 64)


def test_limits_hold_at_their_edges() -> None:
    limits = PictureLimits(max_pixels=96 * 64, max_aspect=2)
    assert decode(encode(scene((96, 64)), "PNG"), limits).unreadable is None
    assert decode(encode(scene((96, 65)), "PNG"), limits).unreadable == "too_many_pixels"
    assert decode(encode(scene((80, 40)), "PNG"), limits).unreadable is None
    assert decode(encode(scene((40, 81)), "PNG"), limits).unreadable == "bad_aspect"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF"])
def test_every_allowed_format_is_read(kind: str) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    decoded = look(encode(Image.new("RGB", (120, 80), (200, 60, 30)), kind))
    assert (decoded.format, decoded.width, decoded.height) == (kind, 120, 80)
    assert_colour(decoded, (200, 60, 30))


def test_a_jpeg_with_a_second_picture_behind_it_is_a_jpeg() -> None:
    decoded = look(encode(scene(), "MPO", save_all=True, append_images=[scene((48, 32))]))
    assert (decoded.format, decoded.width) == ("JPEG", 96)


def test_m6_flipped_bits_that_still_decode_are_another_picture() -> None:
    flipped = look(corpus.flipped_bit(JPEG))
    assert flipped.pixel_hash != look(JPEG).pixel_hash


def test_m11_a_wrong_checksum_is_accepted() -> None:
    assert look(corpus.bad_crc()).pixel_hash == hash_pixels(scene())


@pytest.mark.parametrize(("kind", "frames"), [("PNG", 300), ("WEBP", 40), ("GIF", 300)])
def test_m12_only_the_first_frame_counts(kind: str, frames: int) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    still = look(encode(scene(), kind, **options))
    moving = look(corpus.animation(kind, frames))
    assert moving.width == still.width
    assert_colour(moving, open_middle(still), 12)


def open_middle(decoded: Decoded) -> tuple[int, int, int]:
    """Return the colour in the middle of the rendition."""
    image = open_rendition(decoded)
    red, green, blue = image.getpixel((image.width // 2, image.height // 2))  # type: ignore[misc]
    return red, green, blue


def grey16() -> bytes:
    """Return a PNG of 16 bits per pixel, 0xC040 everywhere."""
    picture = Image.frombytes("I;16", (32, 32), struct.pack("<H", 0xC040) * 1024)
    return encode(picture, "PNG")


def transparent_red() -> Image.Image:
    """Return red of which half shines through."""
    return Image.new("RGBA", (32, 32), (255, 0, 0, 128))


GOLDEN: dict[str, tuple[Callable[[], bytes], tuple[int, int, int]]] = {
    "grey": (lambda: encode(Image.new("L", (32, 32), 77), "PNG"), (77, 77, 77)),
    "16 bits": (grey16, (192, 192, 192)),
    "1 bit": (lambda: encode(Image.new("1", (32, 32), 1), "PNG"), (255, 255, 255)),
    "palette": (
        lambda: encode(Image.new("RGB", (32, 32), (9, 99, 199)).quantize(), "PNG"),
        (9, 99, 199),
    ),
    "palette, transparent": (
        lambda: encode(Image.new("RGB", (32, 32), "navy").quantize(), "PNG", transparency=0),
        (255, 255, 255),
    ),
    "grey, half transparent": (
        lambda: encode(Image.new("LA", (32, 32), (0, 128)), "PNG"),
        (127, 127, 127),
    ),
    "grey, one shade transparent": (
        lambda: encode(Image.new("L", (32, 32), 5), "PNG", transparency=5),
        (255, 255, 255),
    ),
    "colour, one shade transparent": (
        lambda: encode(Image.new("RGB", (32, 32), (1, 2, 3)), "PNG", transparency=(1, 2, 3)),
        (255, 255, 255),
    ),
    "half transparent": (lambda: encode(transparent_red(), "PNG"), (255, 127, 127)),
    "half transparent WebP": (
        lambda: encode(transparent_red(), "WEBP", lossless=True),
        (255, 127, 127),
    ),
    "CMYK": (
        lambda: encode(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95),
        (255, 0, 0),
    ),
    "YCbCr": (lambda: encode(Image.new("RGB", (32, 32), "lime"), "JPEG", quality=95), (0, 255, 0)),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_m14_every_kind_of_colour_becomes_rgb_on_white(name: str) -> None:
    make, expected = GOLDEN[name]
    assert_colour(look(make()), expected)


def test_m14_the_pixel_hash_is_that_of_the_pixels_on_white() -> None:
    expected = hash_pixels(Image.new("RGB", (32, 32), (255, 127, 127)))
    assert look(encode(transparent_red(), "PNG")).pixel_hash == expected
    assert look(encode(transparent_red(), "WEBP", lossless=True)).pixel_hash == expected
    assert look(grey16()).pixel_hash == hash_pixels(Image.new("RGB", (32, 32), (192, 192, 192)))


def test_the_pixel_hash_is_of_native_size_and_knows_no_file_format() -> None:
    large = scene((1501, 1203))
    expected = hash_pixels(large)
    assert look(encode(large, "PNG")).pixel_hash == expected
    assert look(encode(large, "WEBP", lossless=True)).pixel_hash == expected
    assert look(encode(scene((1500, 1203)), "PNG")).pixel_hash != expected


def test_m14_a_colour_profile_is_applied_to_the_rendition() -> None:
    red = Image.new("RGB", (64, 64), (220, 0, 0))
    plain = look(encode(red, "PNG"))
    profiled = look(encode(red, "PNG", icc_profile=corpus.swapped_profile()))
    assert_colour(plain, (220, 0, 0))
    assert_colour(profiled, (0, 0, 220))
    assert profiled.pixel_hash == plain.pixel_hash


def test_m14_a_grey_picture_may_have_a_profile_for_colours() -> None:
    grey = encode(Image.new("L", (64, 64), 120), "PNG", icc_profile=corpus.swapped_profile())
    assert_colour(look(grey), (120, 120, 120))


@pytest.mark.parametrize("profile", [b"", b"no profile at all", corpus.swapped_profile()[:200]])
def test_m14_a_broken_profile_is_ignored(profile: bytes) -> None:
    assert_colour(
        look(encode(Image.new("RGB", (64, 64), (220, 0, 0)), "PNG", icc_profile=profile)),
        (220, 0, 0),
    )


def test_m14_a_profile_for_other_colours_is_ignored() -> None:
    cyan = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    unfitting = encode(cyan, "JPEG", quality=95, icc_profile=corpus.swapped_profile())
    assert_colour(look(unfitting), (0, 255, 255))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_m15_rotation_is_applied_once(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = scene()
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = look(encode(stored, kind, exif=oriented(orientation), **options))
    assert (decoded.width, decoded.height) == (96, 64)
    assert decoded.pixel_hash == hash_pixels(upright)
    assert open_rendition(decoded).size == (96, 64)


@pytest.mark.parametrize("kind", ["JPEG", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_m15_lossy_formats_are_rotated_once_too(kind: str, orientation: int) -> None:
    turns = {1: 0, 3: 180, 6: 90, 8: 270}
    upright = Image.new("RGB", (96, 64), "white")
    upright.paste("red", (0, 0, 48, 32))
    stored = upright.rotate(turns[orientation], expand=True)
    decoded = look(encode(stored, kind, exif=oriented(orientation), quality=95))
    assert (decoded.width, decoded.height) == (96, 64)
    image = open_rendition(decoded)
    corners = [image.getpixel(at) for at in ((12, 12), (80, 12), (12, 52), (80, 52))]
    red = [isinstance(c, tuple) and c[0] > 200 and c[1] < 60 for c in corners]
    assert red == [True, False, False, False]


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", oriented(99)])
def test_m15_corrupt_exif_is_ignored(exif: bytes) -> None:
    decoded = look(encode(scene(), "PNG", exif=exif))
    assert decoded.pixel_hash == hash_pixels(scene())


@pytest.mark.parametrize("profile", [{}, {"icc_profile": corpus.swapped_profile()}])
def test_m16_nothing_but_pixels_gets_into_the_rendition(profile: dict[str, bytes]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-DESCRIPTION"
    loaded = encode(
        scene(),
        "JPEG",
        exif=exif.tobytes(),
        **profile,
        comment=b"SECRET-COMMENT",
        dpi=(301, 301),
    )
    rendition = look(loaded + b"PK\x03\x04SECRET-ZIP<script>SECRET-HTML</script>").rendition
    assert b"SECRET" not in rendition
    assert sorted(open_info(rendition)) == ["jfif", "jfif_density", "jfif_unit", "jfif_version"]
    assert rendition.endswith(b"\xff\xd9")


def open_info(rendition: bytes) -> dict[str | tuple[int, int], object]:
    """Return what Pillow finds beside the pixels."""
    with Image.open(BytesIO(rendition)) as image:
        return dict(image.info)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (300, 200)),
        Image.new("RGBA", (30, 20), (0, 0, 0, 0)),
        Image.new("RGB", (100, 1)),
    ],
    ids=["one pixel", "black", "fully transparent", "thin"],
)
def test_m17_odd_pictures_are_pictures(picture: Image.Image) -> None:
    decoded = look(encode(picture, "PNG"))
    assert open_rendition(decoded).size == picture.size


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ((4000, 3000), (1024, 768)),
        ((3000, 4000), (768, 1024)),
        ((1024, 1024), (1024, 1024)),
        ((1025, 12), (1024, 12)),
        ((4096, 41), (1024, 10)),
        ((640, 480), (640, 480)),
    ],
)
def test_the_longest_side_is_at_most_1024_and_never_enlarged(
    native: tuple[int, int], expected: tuple[int, int]
) -> None:
    decoded = look(encode(Image.new("RGB", native, "green"), "PNG"))
    assert (decoded.width, decoded.height) == native
    assert open_rendition(decoded).size == expected


def test_size_and_quality_are_settings() -> None:
    data = encode(scene((640, 480)), "PNG")
    small = look(data, PictureLimits(longest_side=320, quality=40))
    assert open_rendition(small).size == (320, 240)
    assert len(small.rendition) < len(look(data, PictureLimits(longest_side=320)).rendition)
    assert PictureLimits(quality=40).recipe != PictureLimits().recipe


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF"])
def test_the_same_bytes_give_the_same_result(kind: str) -> None:
    data = encode(scene((1300, 900)), kind)
    assert decode(data, LIMITS) == decode(data, LIMITS)


SMALL = [encode(scene((24, 16)), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")]


@given(
    data=st.sampled_from(SMALL),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12),
    end=st.integers(0, 4000),
)
@settings(max_examples=300, deadline=None)
def test_damaged_pictures_never_raise(data: bytes, edits: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(data)
    for position, value in edits:
        damaged[position % len(damaged)] = value
    decoded = decode(bytes(damaged[: max(1, end)]), PictureLimits(max_pixels=1_000_000))
    if decoded.unreadable is None:
        assert decoded.rendition.startswith(b"\xff\xd8")
    else:
        assert decoded.unreadable in set(Reason)
        assert decoded.rendition == b""
