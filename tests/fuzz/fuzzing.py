"""Lets the fuzzer loose on a target for a while, beginning with its seeds."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Final

from tests.fuzz.target import Target, load_target

ROOT: Final = Path(__file__).resolve().parents[2]
SLOW_SECONDS: Final = 25
"""One input that takes longer is a find: everything that is read is bounded."""
MEMORY_MIB: Final = 2048
START_SECONDS: Final = 120
_QUIET: Final = re.compile(r"^INFO: Instrumenting .*\n", re.MULTILINE)
_DONE: Final = re.compile(r"(?:Done (\d+)|^stat::number_of_executed_units: (\d+))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hunt:
    """How it went: how many inputs were tried, what was said, and the input that was found, if one was."""

    tried: int
    said: str
    found: Path | None

    @property
    def advice(self) -> str:
        """What the fuzzer said last, and how to try the input again."""
        where = "" if self.found is None else f"\nreplay it: python -m tests.fuzz --replay {self.found}"
        _, mark, trace = self.said.partition("Uncaught Python exception")
        return f"{mark}{trace[:4000]}\n{self.said[-2000:]}{where}"


def fuzz(name: str, seconds: int, folder: Path, seed: int, environment: Mapping[str, str] | None = None) -> Hunt:
    """Try inputs for `seconds`, or until one is found: it is written into `folder`, beside the corpus as it grew."""
    target = load_target(name)
    corpus, finds = folder / f"{name}-corpus", folder / f"{name}-"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        (corpus / sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    words = folder / f"{name}.words"
    words.write_text("".join(f'"{_escape(word.encode())}"\n' for word in target.words))
    child = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", name, *_options(target, seconds, finds, words, seed), str(corpus)],
        cwd=ROOT, env=environment, capture_output=True, timeout=seconds + SLOW_SECONDS + START_SECONDS, check=False,
    )  # fmt: skip
    said = _QUIET.sub("", (child.stdout + child.stderr).decode(errors="replace"))
    found = sorted(path for path in folder.glob(f"{name}-*") if path.is_file())
    if child.returncode and not found:
        raise RuntimeError(said[-6000:])
    tried = max((int(match[1] or match[2]) for match in _DONE.finditer(said)), default=0)
    return Hunt(tried, said, found[0] if found else None)


def _options(target: Target, seconds: int, finds: Path, words: Path, seed: int) -> list[str]:
    """Arguments of libFuzzer. Inputs are not made smaller: fields that nothing branches on yet would go first."""
    return [
        f"-max_total_time={seconds}", f"-artifact_prefix={finds}", f"-dict={words}", f"-seed={seed}",
        f"-max_len={target.max_bytes}", f"-timeout={SLOW_SECONDS}", f"-report_slow_units={SLOW_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}", "-print_final_stats=1", "-len_control=0", "-reduce_inputs=0",
    ]  # fmt: skip


def _escape(word: bytes) -> str:
    """As libFuzzer's dictionaries want it."""
    return "".join(f"\\x{byte:02x}" for byte in word)
