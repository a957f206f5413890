"""What may lie where a picture should be, and what becomes of it: M1 to M21 and the paths of E28, one table.

`python -m tests.acceptance.bad_input` writes it into docs/bad-input.md; a test fails when the two differ.
"""

import os
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from handlers.inspect.limits import PictureLimits
from tests.acceptance.bad_events import Told
from tests.handlers.inspect import corpus
from tests.handlers.inspect.corpus import JPEG, encode, oriented, scene

SECRET = b"SECRET-TAIL"
LONG_AGO = 1_700_000_000
SEEN = (96, 64)
SHOWN = "`bildwerk explain`"
PATH = "../../etc/passwd"


@dataclass(frozen=True, slots=True)
class Case:
    """One row: how it comes to lie at a path below the media root, and the reason why it is no picture; empty: it is.

    `size` is what a picture's width and height must come to. `path` instead of one of the test's choice.
    """

    id: str
    what: str
    put: Callable[[Path], object]
    reason: str = ""
    remark: str = ""
    size: tuple[int, int] = SEEN
    path: str = ""

    @property
    def name(self) -> str:
        """How pytest shows it, and a name for its file."""
        return f"{self.id}-{self.what.replace(' ', '_').replace('/', '_')}"


def content(make: Callable[[], bytes]) -> Callable[[Path], object]:
    """These bytes, in a file that nobody has touched for long: it is not an upload in progress."""

    def put(path: Path) -> None:
        path.write_bytes(make())
        os.utime(path, (LONG_AGO, LONG_AGO))

    return put


def picture(mode: str, kind: str, **options: Any) -> Callable[[Path], object]:
    """The usual scene in this mode and format."""
    return content(lambda: encode(scene(SEEN, mode), kind, **options))


def nothing(_: Path) -> None:
    """Nothing there."""


def sparse(path: Path) -> None:
    """A file that is a byte larger than is read, and takes no room."""
    with path.open("wb") as file:
        file.truncate(PictureLimits().max_bytes + 1)


def listen(path: Path) -> None:
    """A socket that outlives whoever made it."""
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # its address may be 108 bytes long
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def directories(count: int, *, ring: bool) -> bytes:
    """A TIFF of so many directories, the last of which leads to the first if it is a ring."""
    parts = [b"II*\0" + struct.pack("<I", 8)]
    for number in range(count):
        after = 8 + 18 * (number + 1) if number < count - 1 else 8 if ring else 0
        parts.append(struct.pack("<HHHIII", 1, 0x0100, 3, 1, 10, after))
    return b"".join(parts)


def refused() -> list[Case]:
    """Those that the decoder's own tests refuse, by their numbers."""
    numbered = [(name.partition(" "), made) for name, made in corpus.REFUSED.items() if name.startswith("M")]
    return [Case(number, what, content(make), reason) for (number, _, what), (make, reason) in numbered]


def taken() -> list[Case]:
    """Odd ones that are pictures all the same."""
    return [
        Case("M6", "JPEG, a bit flipped", content(lambda: corpus.flipped_bit(JPEG)),
             remark="another picture by its hash"),
        *(Case("M10", name.partition(" ")[2], content(make),
               remark="the pixels are read, the metadata left out; the log says so (`picture.metadata_left_out`)")
          for name, make in corpus.BOMBS.items()),
        Case("M11", "PNG, a wrong checksum", content(corpus.bad_crc)),
        *(Case("M12", f"{kind}, {frames} frames", content(partial(corpus.animation, kind, frames)),
               remark="the first frame is the picture")
          for kind, frames in (("PNG", 300), ("WEBP", 40), ("GIF", 300))),
        *(Case("M14", f"{mode} in {kind}", picture(mode, kind), remark="made RGB on white")
          for mode, kind in (("CMYK", "JPEG"), *((mode, "PNG") for mode in ("L", "LA", "1", "P", "I;16")))),
        Case("M14", "a colour profile", picture("RGB", "PNG", icc_profile=corpus.swapped_profile()), remark="applied"),
        Case("M14", "a broken colour profile", picture("RGB", "PNG", icc_profile=b"none"), remark="ignored"),
        *(Case("M15", f"EXIF orientation {turn}", picture("RGB", "JPEG", exif=oriented(turn)), remark="applied once",
               size=SEEN if turn < 5 else SEEN[::-1]) for turn in range(1, 9)),
        Case("M15", "corrupt EXIF", picture("RGB", "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), remark="ignored"),
        Case("M16", "JPEG with an archive and a page behind it",
             content(lambda: encode(scene(), "JPEG", comment=SECRET) + b"PK\x03\x04" + SECRET + b"<script>"),
             remark="decoded and encoded again: nothing but pixels reaches a model"),
        Case("M17", "one pixel", content(lambda: encode(Image.new("RGB", (1, 1)), "PNG")), size=(1, 1)),
        Case("M17", "all black", content(lambda: encode(Image.new("RGB", SEEN), "PNG"))),
        Case("M17", "fully transparent", content(lambda: encode(Image.new("RGBA", SEEN), "PNG"))),
        Case("M18", "HEIC", picture("RGB", "HEIF"), remark="a decoder is among our dependencies"),
        Case("M18", "AVIF", picture("RGB", "AVIF")),
    ]  # fmt: skip


CASES: Sequence[Case] = (
    Case("M1", "no file", nothing, "missing_file", "looked for twice more; and when an update names the medium"),
    Case("M2", "no byte", content(bytes), "empty_file", "so is an upload in progress at first: it is looked at until"
         " nobody has written to it for 30 seconds"),
    *refused(),
    Case("M13", "TIFF whose directories go round", content(lambda: directories(3, ring=True)), "truncated_picture",
         "LibRaw looks at all that begins like TIFF: most RAW files do"),
    Case("M13", "TIFF of 10 000 directories", content(lambda: directories(10_000, ring=False)), "unsupported_format"),
    Case("M20", "200 MiB and a byte", sparse, "file_too_large", "not read"),
    *taken(),
)  # fmt: skip
PATHS: Sequence[Case] = (
    Case("E28", "up and out", nothing, "bad_reference", path=PATH),
    Case("E28", "an absolute path", nothing, "bad_reference", path="/etc/passwd"),
    Case("E28", "`file:`", nothing, "bad_reference", path="file:///etc/passwd"),
    Case("E28", "`/dev/zero`", nothing, "bad_reference", path="/dev/zero"),
    Case("E28", "a path of 4 097 bytes", nothing, "bad_reference", path="a/" * 2048 + "b"),
    Case("E28", "a symlink out of the root", lambda path: path.symlink_to("/etc/passwd"), "bad_reference"),
    Case("E28", "a symlink to `/dev/zero`", lambda path: path.symlink_to("/dev/zero"), "bad_reference"),
    Case("E28", "a pipe that nobody writes to", os.mkfifo, "not_a_file"),
    Case("E28", "a socket", listen, "not_a_file"),
    Case("E28", "a folder", Path.mkdir, "not_a_file"),
)  # fmt: skip
OTHERS: Sequence[Told] = (
    Told("M19", "the file is replaced between looking and asking", "looked at again, asked about what is there now",
         "content_changed", "the log, `bildwerk.runs`", "the worker hashes the very bytes that it sends",
         "test_m19_a_file_that_is_replaced_is_asked_about_as_it_is_now"),
    Told("M21", "a picture that takes more memory than a decoder may", "skipped", "decoder_out_of_memory", SHOWN,
         "in a child process; tried in a fresh one, too",
         "test_m21_more_memory_than_a_decoder_may_have_fails_only_that_picture"),
    Told("M21", "a picture that a decoder hangs over", "skipped", "decoder_timeout", SHOWN,
         "the child is killed after `BILDWERK_DECODER_SECONDS`; tried in a fresh one, too",
         "test_m21_a_decoder_that_hangs_is_killed_and_nobody_else_notices"),
    Told("M21", "a picture that crashes its decoder", "skipped", "decoder_crashed", SHOWN,
         "twice, the second time a fresh one",
         "test_m21_a_decoder_that_crashes_costs_its_picture_and_nobody_elses"),
    Told("E28", "NUL in a path", "PostgreSQL refuses it in the platform's table", "", "the platform", "",
         "test_e28_no_path_with_nul_can_be_in_the_table"),
)  # fmt: skip
