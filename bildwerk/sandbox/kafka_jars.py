"""Apache Kafka's programs: fetched by Maven once, into a folder of the user's cache."""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bildwerk.sandbox.failure import ProgramMissing, SandboxError
from bildwerk.sandbox.process import Process, Program

POM = Path(__file__).with_name("kafka.pom.xml")
OLDEST_JAVA = 17
POLL_SECONDS = 0.2
TELL_SECONDS = 5.0
INSTEAD = "or use the embedded broker, which needs neither Java nor Maven"


@dataclass(frozen=True, slots=True)
class KafkaProgram:
    """Java, and the folder with Kafka's jars."""

    java: str
    jars: str


async def prepare_kafka(tell: Callable[[str], None], cache: Path | None = None) -> KafkaProgram:
    """Return what runs Kafka; fetch it when the user's cache lacks it. Raises ProgramMissing or SandboxError."""
    return KafkaProgram(await find_java(), str(await fetch_jars(cache or _locate_cache(), tell)))


async def fetch_jars(cache: Path, tell: Callable[[str], None]) -> Path:
    """Return the folder in `cache` that holds Kafka and all it needs; `tell` hears how far Maven is when it is not.

    Safe for several processes at once; what was fetched by half is fetched again. Raises SandboxError.
    """
    jars = cache / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if not maven:
        raise ProgramMissing(f"Apache Kafka is fetched by Maven, and `mvn` is not here: install Maven, {INSTEAD}")
    cache.mkdir(parents=True, exist_ok=True)
    async with _alone(jars.with_suffix(".lock")):
        if not jars.is_dir():
            part = jars.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            await _run_maven(maven, part, tell)
            # Only a rename makes it count: whoever is killed before that leaves nothing that could be taken for whole.
            (part / "jars").rename(jars)
            shutil.rmtree(part)
    return jars


async def find_java() -> str:
    """Return the program; ProgramMissing where there is none that is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    wanted = f"install Java {OLDEST_JAVA} or newer, {INSTEAD}"
    if not java:
        raise ProgramMissing(f"Apache Kafka needs Java, and `java` is not here: {wanted}")
    process = await asyncio.create_subprocess_exec(java, "-version", stderr=asyncio.subprocess.PIPE)
    said = (await process.communicate())[1].decode(errors="replace")
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < OLDEST_JAVA:
        raise ProgramMissing(f"Apache Kafka needs Java {OLDEST_JAVA}, and {java} is {said.splitlines()[:1]}: {wanted}")
    return java


def _locate_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bildwerk" / "sandbox"


async def _run_maven(maven: str, part: Path, tell: Callable[[str], None]) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={part / 'jars'}"]
    argv = [maven, "--batch-mode", "--strict-checksums", "--file", str(POM), *goal]
    log = part / "maven.log"
    process = await Process.start(Program("Maven", argv, log, cwd=part))
    telling = asyncio.create_task(_tell(log, tell))
    try:
        status = await process.wait()
    finally:
        telling.cancel()
        await process.stop()
    if status:
        errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("[ERROR]")]
        said = errors[0].removeprefix("[ERROR]").strip() if errors else process.read_tail()
        raise SandboxError(f"Maven could not fetch Apache Kafka: {said}")


async def _tell(log: Path, tell: Callable[[str], None]) -> None:
    tell("fetching Apache Kafka through Maven, once: some 45 MB ...")
    while True:
        await asyncio.sleep(TELL_SECONDS)
        tell(f"... {log.read_text(errors='replace').count('Downloaded from')} files")


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(POLL_SECONDS)
        yield
