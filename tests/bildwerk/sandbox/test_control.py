import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.control import bring_up, find_stack, take_down, write_exports
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.stack import start_stack


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the tests' sandboxes apart from the user's, and stop what a failing test left."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield tmp_path
    if left := find_stack():
        os.kill(left.pid, signal.SIGTERM)


async def test_a_detached_sandbox_is_found_and_taken_down() -> None:
    assert find_stack() is None
    stack = await bring_up(slots=None)
    assert find_stack() == stack
    connection = await asyncpg.connect(stack.database_url)
    await connection.close()
    with pytest.raises(SandboxError, match="already running"):
        await bring_up(slots=None)
    assert await take_down()
    assert find_stack() is None
    assert not await take_down()


async def test_a_sandbox_with_a_folder_is_a_sandbox_of_its_own(tmp_path: Path) -> None:
    stack = await bring_up(tmp_path / "data", slots=None)
    try:
        assert find_stack() is None
        assert find_stack(tmp_path / "data") == stack
    finally:
        assert await take_down(tmp_path / "data")


async def test_the_block_ends_when_the_stack_does() -> None:
    async def hold() -> None:
        async with start_stack(slots=None, listed=True):
            assert await take_down()
            await asyncio.Event().wait()

    with pytest.raises(SandboxError, match="stopped"):
        await hold()


async def test_the_addresses_of_another_user_are_not_readable(tmp_path: Path) -> None:
    async with start_stack(tmp_path / "data", slots=None):
        assert (tmp_path / "data" / "sandbox.json").stat().st_mode & 0o077 == 0
        assert (tmp_path / "data" / "password").stat().st_mode & 0o077 == 0


def test_a_shell_understands_the_exports() -> None:
    stack = Stack(1, "postgresql://u:p@127.0.0.1:1/d", "127.0.0.1:2", "http://127.0.0.1:3", "http://127.0.0.1:4")
    printed = subprocess.run(
        ["sh", "-c", f'{write_exports(stack)}\necho "$DATABASE_URL $KAFKA_BOOTSTRAP_SERVERS $OLLAMA_HOST"'],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.split() == ["postgresql://u:p@127.0.0.1:1/d", "127.0.0.1:2", "http://127.0.0.1:3"]


def test_the_command_holds_a_sandbox_until_it_is_interrupted() -> None:
    program = [sys.executable, "-c", "from bildwerk.cli.sandbox import app; app()"]
    command = [*program, "up", "--slots", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        assert up.stderr is not None
        assert up.stdout.readline().startswith("export DATABASE_URL=postgresql://")
        assert "Ctrl-C" in up.stderr.readline()
        status = subprocess.run([*program, "status"], check=True, capture_output=True, text=True)
        assert "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:" in status.stdout
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0
    assert subprocess.run([*program, "status"], check=False, capture_output=True).returncode == 1
