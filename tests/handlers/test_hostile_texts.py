"""Texts of strangers that are made to keep a pattern busy for ever: everything that reads texts gets through them.

In a process of their own, because a pattern that hangs cannot be interrupted. The deadline is no measure of speed: what
is meant here takes longer than anybody lives.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from bildwerk.export.tables import defuse
from handlers.answer_language import require_language
from handlers.answer_text import check_phrase, clean_text, end_whole, require_substance, strip_opener
from handlers.choice.paths import PathPattern
from handlers.failures import BadAnswer
from handlers.inspect.embedded import reading
from handlers.inspect.embedded.packets import read_comment
from handlers.orders import gives_orders, planted_words, speaks_to_model
from handlers.own_words import strip_links
from handlers.policy.scan_flags import read_scan_flags
from handlers.prompt_data import plain_text
from handlers.reconstruction.agreement import measure_agreement
from handlers.reconstruction.artists import drop_artists
from handlers.reconstruction.gaps import find_gap
from handlers.tags.junk import is_junk
from handlers.tags.spelling import spell_tag

DEADLINE: Final = 120
"""Seconds of CPU time: a busy machine gives less of it in as many seconds."""
UNITS: Final = (
    "a", "A", "1", " ", "\n", "\t", "!", "{", '"', "'", "_", "__", "-", ".", "a.", "a ", "A ", "A. ", "a@a", "<a:", "(",
    "a_", "\\", ": ", "\x1b]", "x, ", "é ", "İ", "ignore ", "all ", "severity ", "say ", 'say "', "by A ", "van A ",
    "in the style of ", "www.", "[insert ", "{a|", "Steps: 1, Sampler: ", 'a: "', "\u200b\n", "ich kann ",
)  # fmt: skip
LEADS: Final = ("", 'say "', "ignore ", "severity", "your ", "Rembrandt ", "Steps: 1, Sampler: x, ", '{"a":')
"""What a pattern takes for its beginning."""
Reader = Callable[[str], object]


def read_fields(text: str) -> None:
    """What every reader of embedded texts makes of one text, under each of the names that they look at."""
    for name in ("parameters", "prompt", "Comment", "invokeai_metadata", "sui_image_params", "fooocus_scheme"):
        for read in reading._READERS:
            reading._attempt(read, {name: text})


READERS: Final[dict[Reader, int]] = {
    defuse: 200_000,
    gives_orders: 4_000, speaks_to_model: 4_000, planted_words: 4_000, strip_links: 4_000, clean_text: 4_000,
    end_whole: 4_000, find_gap: 4_000, plain_text: 20_000, is_junk: 500, read_fields: 50_000,
    lambda text: strip_opener(text, "en"): 4_000,
    lambda text: require_substance(text, "say what is there"): 4_000,
    lambda text: check_phrase(text, "say what is there", 4_000): 4_000,
    lambda text: require_language(text, "en"): 4_000,
    lambda text: drop_artists("style", text): 400,
    lambda text: measure_agreement(text, [text]): 4_000,
    lambda text: spell_tag(text, "en"): 500,
    lambda text: read_scan_flags({"scan.nsfw": text}): 20_000,
    lambda text: read_comment(text.encode()): 20_000,
    PathPattern("*a*a*a*a*a*b").matches: 500,
}  # fmt: skip
"""What reads texts of strangers, and the characters that it is given: as many as get there, or enough to hang on."""


def read_all() -> None:
    """Let everything read everything."""
    for read, size in READERS.items():
        for lead in LEADS:
            for unit in UNITS:
                with suppress(BadAnswer, ValueError, SyntaxError):
                    read((lead + unit * (size // len(unit)))[:size] + "~")


def test_no_text_keeps_us_busy_for_ever() -> None:
    program = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({DEADLINE}, {DEADLINE}))
sys.path[:] = {sys.path!r}
from tests.handlers.test_hostile_texts import read_all
read_all()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=6 * DEADLINE)
