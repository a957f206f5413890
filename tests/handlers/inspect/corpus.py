"""Pictures, good and bad, made on the spot."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

pillow_heif.register_heif_opener()

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def scene(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """Return a picture whose eight orientations all differ, with some texture."""
    width, height = size
    bands = [
        Image.linear_gradient("L").resize(size),
        Image.linear_gradient("L").rotate(90).resize(size),
        Image.radial_gradient("L").resize(size),
    ]
    picture = Image.merge("RGB", bands)
    picture.paste("red", (0, 0, width // 3, height // 4))
    picture.paste("blue", (width - width // 5, 0, width, height // 2))
    return picture.convert(mode)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return the picture as a file of this kind."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def oriented(orientation: int) -> bytes:
    """Return EXIF that holds nothing but this orientation."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif.tobytes()


def png(width: int, height: int, *extra: bytes) -> bytes:
    """Return a PNG header of any size, followed by chunks and hardly any data."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return PNG_MAGIC + header + b"".join(extra) + data + chunk(b"IEND", b"")


def transparent_plane(width: int, height: int) -> bytes:
    """Return a small PNG file of a large picture, in a palette with a transparent colour."""
    chunks = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        chunk(b"PLTE", bytes((10, 20, 30, 200, 100, 50))),
        chunk(b"tRNS", b"\x80"),
        chunk(b"IDAT", zlib.compress((b"\0" + b"\0\1" * (width // 2)) * height, 1)),
        chunk(b"IEND", b""),
    ]
    return PNG_MAGIC + b"".join(chunks)


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def resized_header(jpeg: bytes, width: int, height: int) -> bytes:
    """Return the JPEG claiming another size."""
    frame = jpeg.index(b"\xff\xc0")
    return jpeg[: frame + 5] + struct.pack(">HH", height, width) + jpeg[frame + 9 :]


def swapped_profile() -> bytes:
    """Return a valid RGB profile, sRGB but for its red and blue, which have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tmp!", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmp!", b"bXYZ")


def animation(kind: str, frames: int) -> bytes:
    """Return an animation whose first frame is the scene and whose others are black."""
    black = [Image.new("RGB", (96, 64), (0, 0, number % 256)) for number in range(1, frames)]
    return encode(scene(), kind, save_all=True, append_images=black, duration=40)


def text_bomb(megabytes: int, chunks: int) -> bytes:
    """Return a small PNG whose compressed texts unfold to many megabytes."""
    text = PngImagePlugin.PngInfo()
    for number in range(chunks):
        text.add_text(f"k{number}", "a" * (megabytes * 1024 * 1024), zip=True)
    return encode(scene(), "PNG", pnginfo=text)


def profile_bomb(megabytes: int) -> bytes:
    """Return a small PNG whose colour profile unfolds to many megabytes."""
    return encode(scene(), "PNG", icc_profile=b"a" * (megabytes * 1024 * 1024))


def flipped_bit(data: bytes) -> bytes:
    """Return the bytes with one bit flipped in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def bad_crc() -> bytes:
    """Return a PNG whose pixels are right and their checksum is wrong."""
    good = bytearray(encode(scene(), "PNG"))
    good[good.rindex(b"IEND") - 5] ^= 0xFF
    return bytes(good)


JPEG = encode(scene(), "JPEG", quality=90)
BOMBS: dict[str, Callable[[], bytes]] = {
    "M10 one large text": lambda: text_bomb(5, 1),
    "M10 many texts": lambda: text_bomb(1, 70),
    "M10 a large profile": lambda: profile_bomb(5),
}
"""Small files with much folded up in them, and a good picture."""
WITH_THUMBNAIL = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(JPEG) + 2) + JPEG + JPEG[2:]

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "M3 an error page": (lambda: b"<!doctype html><title>404</title>" * 9, "unsupported_format"),
    "M4 SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_format"),
    "M4 PDF": (lambda: encode(scene(), "PDF"), "unsupported_format"),
    "M4 EPS": (lambda: encode(scene(), "EPS"), "unsupported_format"),
    "M4 PSD": (lambda: b"8BPS\0\1" + bytes(200), "unsupported_format"),
    "M4 BMP": (lambda: encode(scene(), "BMP"), "unsupported_format"),
    "M5 JPEG, half": (lambda: JPEG[: len(JPEG) // 2], "truncated_picture"),
    "M5 JPEG, half, thumbnail": (
        lambda: WITH_THUMBNAIL[: -len(JPEG) // 2],
        "truncated_picture",
    ),
    "M5 JPEG, last two bytes": (lambda: JPEG[:-2], "truncated_picture"),
    "M5 JPEG, header only": (lambda: JPEG[:30], "truncated_picture"),
    "M5 PNG, half": (lambda: encode(scene(), "PNG")[:-2000], "truncated_picture"),
    "M5 WebP, half": (lambda: encode(scene(), "WEBP")[:-200], "truncated_picture"),
    "M5 GIF, half": (lambda: encode(scene(), "GIF")[:-900], "truncated_picture"),
    "M5 AVIF, half": (lambda: encode(scene(), "AVIF")[:-200], "truncated_picture"),
    "M5 HEIC, half": (lambda: encode(scene(), "HEIF")[:-200], "truncated_picture"),
    "broken PNG": (
        lambda: PNG_MAGIC + chunk(b"IHDR", b"\1\2\3") + chunk(b"IEND", b""),
        "undecodable_picture",
    ),
    "M7 PNG, 50 000 squared": (lambda: png(50_000, 50_000), "too_many_pixels"),
    "M7 JPEG, 65 500 squared": (
        lambda: resized_header(JPEG, 65_500, 65_500),
        "too_many_pixels",
    ),
    "M8 PNG, 96 megapixels": (lambda: png(12_000, 8_000), "too_many_pixels"),
    "just over": (lambda: png(10_000, 5_001), "too_many_pixels"),
    "M9 a strip": (lambda: png(65_535, 1), "bad_aspect"),
    "M13 TIFF": (lambda: encode(scene(), "TIFF"), "unsupported_format"),
    "M18 another ftyp": (lambda: b"\0\0\0\x18ftypisom" + bytes(100), "unsupported_format"),
}
"""What is no usable picture, and the reason that it must get."""
