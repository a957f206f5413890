"""Fetching Apache Kafka, with a Maven of our own that fetches nothing."""

import asyncio
import os
from pathlib import Path

import pytest

from bildwerk.sandbox.failure import ProgramMissing, SandboxError
from bildwerk.sandbox.kafka_jars import fetch_jars, find_java

COUNT = 'echo run >> "$(dirname "$0")/runs"\n'
FIND_FOLDER = 'for word in "$@"; do case "$word" in -DoutputDirectory=*) to="${word#*=}";; esac; done\n'
WORKS = f'#!/bin/sh\n{COUNT}{FIND_FOLDER}sleep 0.2; mkdir -p "$to"; echo whole > "$to/kafka.jar"\n'
FAILS = (
    f'#!/bin/sh\n{COUNT}{FIND_FOLDER}mkdir -p "$to"; echo half > "$to/half.jar"\necho "[ERROR] no way out"; exit 1\n'
)
HANGS = f'#!/bin/sh\n{COUNT}{FIND_FOLDER}mkdir -p "$to"; echo half > "$to/half.jar"; exec sleep 600\n'


class Programs:
    """A folder of programs in front of the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def runs(self) -> int:
        path = self.folder / "runs"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.defpath}")
    return Programs(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_it_is_fetched_once_also_by_two_at_once(programs: Programs, tmp_path: Path) -> None:
    programs.put("mvn", WORKS)
    told: list[str] = []
    folders = await asyncio.gather(*(fetch_jars(tmp_path / "cache", told.append) for _ in range(2)))
    folders.append(await fetch_jars(tmp_path / "cache", told.append))
    assert len(set(folders)) == programs.runs() == 1
    assert names(folders[0]) == ["kafka.jar"]
    assert "once" in told[0]


async def test_what_failed_is_one_line_and_is_fetched_again(programs: Programs, tmp_path: Path) -> None:
    programs.put("mvn", FAILS)
    with pytest.raises(SandboxError, match=r"^Maven could not fetch Apache Kafka: no way out$"):
        await fetch_jars(tmp_path / "cache", lambda _: None)
    programs.put("mvn", WORKS)
    assert names(await fetch_jars(tmp_path / "cache", lambda _: None)) == ["kafka.jar"]


async def test_what_was_interrupted_is_fetched_again(programs: Programs, tmp_path: Path) -> None:
    programs.put("mvn", HANGS)
    fetching = asyncio.create_task(fetch_jars(tmp_path / "cache", lambda _: None))
    async with asyncio.timeout(30):
        while not list((tmp_path / "cache").glob("*/jars/half.jar")):
            await asyncio.sleep(0.02)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    programs.put("mvn", WORKS)
    assert names(await fetch_jars(tmp_path / "cache", lambda _: None)) == ["kafka.jar"]
    assert programs.runs() == 2


async def test_where_maven_is_missing_it_says_so(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(programs.folder))
    with pytest.raises(ProgramMissing, match="`mvn` is not here: install Maven, or use the embedded broker"):
        await fetch_jars(tmp_path / "cache", lambda _: None)


async def test_where_java_is_missing_or_too_old_it_says_so(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs.folder))
    with pytest.raises(ProgramMissing, match="`java` is not here: install Java 17 or newer"):
        await find_java()
    for version in ("1.8.0_402", "11.0.22"):
        programs.put("java", f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
        with pytest.raises(ProgramMissing, match=rf"needs Java 17, and .*/java is .*{version}.*: install Java 17"):
            await find_java()
    programs.put("java", "#!/bin/sh\necho 'openjdk version \"21.0.2\" 2024-01-16' >&2\n")
    assert await find_java() == str(programs.folder / "java")
