import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.stack import start_stack

HOLD = """
import asyncio, sys
from bildwerk.sandbox.stack import start_stack
async def main():
    async with start_stack(slots=None, fsync=False) as stack:
        print(stack.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
HOLDER = [sys.executable, "-c", HOLD]


def list_session_tree(pid: int) -> set[int]:
    """Return the processes below `pid`, itself included."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    tree = {pid}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def wait_until_gone(pids: set[int], within: float = 20.0) -> set[int]:
    """Return those still running (zombies do not run) after at most `within` seconds."""
    deadline = time.monotonic() + within
    while (left := {pid for pid in pids if is_running(pid)}) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


async def test_postgres_answers_with_the_settings_that_the_ledger_needs(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.database_url)
    try:
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert int(await connection.fetchval("SHOW server_version_num")) >= 180000
    finally:
        await connection.close()


async def test_postgres_wants_the_password(stack: Stack) -> None:
    user, _, rest = stack.database_url.rpartition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{user}x@{rest}")


async def test_the_broker_returns_what_was_sent(stack: Stack, unique: str) -> None:
    kafka = stack.kafka_bootstrap_servers
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(unique, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=False) as producer:
        await producer.send_and_wait(unique, b"value", key=b"7")
    async with AIOKafkaConsumer(unique, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        message = await consumer.getone()
    assert (message.key, message.value) == (b"7", b"value")


async def test_the_whole_stack_is_told_by_its_environment() -> None:
    async with start_stack(slots=3, fsync=False) as stack:
        environment = stack.environment()
        host, _, slots = environment["OLLAMA_HOST"].rpartition("=")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{host}/api/version")).json().keys() == {"version"}
    assert slots == "3"
    assert environment["DATABASE_URL"] == stack.database_url
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == stack.kafka_bootstrap_servers
    assert environment["BILDWERK_MODEL"] == "bildwerk-simulated"


async def test_data_lasts_in_a_given_folder(tmp_path: Path) -> None:
    folder = tmp_path / "no way in" / "data"
    folder.parent.mkdir(mode=0o700)
    for expected in (1, 2):
        async with start_stack(folder, slots=None) as stack:
            connection = await asyncpg.connect(stack.database_url)
            await connection.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
            await connection.execute("INSERT INTO kept VALUES (1)")
            assert await connection.fetchval("SELECT count(*) FROM kept") == expected
            assert await connection.fetchval("SHOW fsync") == "on"
            await connection.close()


async def test_one_folder_holds_one_stack(tmp_path: Path) -> None:
    async with start_stack(tmp_path / "data", slots=None):
        with pytest.raises(SandboxError, match="already running"):
            async with start_stack(tmp_path / "data", slots=None):
                pass


async def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="file"):
        async with start_stack(tmp_path / "file" / "data", slots=None):
            pass


@linux_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_program_ends(number: signal.Signals) -> None:
    with subprocess.Popen(HOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        tree = list_session_tree(holder.pid)
        assert len(tree) > 5
        holder.send_signal(number)
    assert wait_until_gone(tree) == set()


@linux_only
def test_nothing_is_left_when_the_supervisor_is_killed() -> None:
    with subprocess.Popen(HOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        assert holder.stdout is not None
        supervisor = int(holder.stdout.readline())
        tree = list_session_tree(supervisor)
        assert len(tree) > 5
        os.kill(supervisor, signal.SIGKILL)
        left = wait_until_gone(tree)
        holder.kill()
    for scratch in Path(tempfile.gettempdir()).glob(f"bildwerk-sandbox-{supervisor}-*"):
        shutil.rmtree(scratch)  # what a killed supervisor cannot tidy up
    assert left == set()
