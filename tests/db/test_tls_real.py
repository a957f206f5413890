"""TLS to a real PostgreSQL that was built with it: the embedded one was not, so one that is installed is taken."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from bildwerk.sandbox.account import find_unprivileged_account
from bildwerk.sandbox.process import Process, Program, find_free_port
from db.pool import Database, connect
from db.trouble import explain
from tests.tls import Authority, make_authority

PASSWORD = "geheim"
HBA = """\
hostssl all certified 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
"""
START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """Where it is, and whose certificate it has."""

    port: int
    authority: Authority

    def url(self, user: str = "bildwerk", **options: object) -> str:
        """Its URL for a user; the authority is named."""
        told = {"sslmode": "verify-full", "sslrootcert": self.authority.file} | options
        query = "&".join(f"{name}={value}" for name, value in told.items())
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/postgres?{query}"


def find_programs() -> Path | None:
    """The folder of an installed PostgreSQL's programs that know TLS, the newest first."""
    on_path = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for programs in (*debian, *([Path(on_path).parent] if on_path else [])):
        told = subprocess.run([programs / "pg_config", "--configure"], capture_output=True, text=True, check=False)
        if "openssl" in told.stdout:
            return programs
    return None


PROGRAMS = find_programs()
pytestmark = pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL with OpenSSL is installed here")


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """Return one that lets in by TLS only: `bildwerk` with a password, `certified` with a certificate of that name."""
    assert PROGRAMS is not None
    account, port, authority = find_unprivileged_account(), find_free_port(), make_authority(tmp_path / "tls")
    certificate, key = authority.issue("127.0.0.1")
    with tempfile.TemporaryDirectory(prefix="bildwerk-tls-") as name:
        folder, log = Path(name), tmp_path / "postgres.log"
        for origin, place in ((certificate, "server.crt"), (key, "server.key"), (authority.file, "root.crt")):
            shutil.copy(origin, folder / place)
            (folder / place).chmod(0o600)
        (folder / "password").write_text(PASSWORD)
        (folder / "hba").write_text(HBA)
        for path in (folder, *folder.iterdir()):
            if account:
                os.chown(path, account.uid, account.gid)
        data = str(folder / "data")
        initdb = ["initdb", "-D", data, "-U", "bildwerk", "--no-sync", f"--pwfile={folder / 'password'}"]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        settings |= {"hba_file": folder / "hba", "ssl": "on", "ssl_ca_file": folder / "root.crt"}
        settings |= {"ssl_cert_file": folder / "server.crt", "ssl_key_file": folder / "server.key"}
        options = [word for item in settings.items() for word in ("-c", "{}={}".format(*item))]
        process = None
        try:
            for words in (initdb, ["postgres", "-D", data, *options]):
                argv = [str(PROGRAMS / words[0]), *words[1:]]
                process = await Process.start(Program(words[0], argv, log, cwd=folder, account=account))
                if words is initdb:
                    assert await process.wait() == 0, log.read_text()
            assert process is not None
            yield await _started(process, Server(port, authority))
        finally:
            if process is not None:
                await process.stop()


async def _started(process: Process, server: Server) -> Server:
    async def ready() -> bool | None:
        try:
            connection = await asyncpg.connect(server.url())
        except (OSError, asyncpg.CannotConnectNowError):
            return None
        await connection.execute("CREATE ROLE certified LOGIN")
        await connection.close()
        return True

    await process.wait_until(ready, START_SECONDS)
    return server


async def refused(url: str) -> str:
    """What is said."""
    with pytest.raises(Exception, match=r".*") as caught:
        await connect(Database(url))
    sentence = explain(caught.value)
    assert sentence is not None
    return sentence


async def test_a_real_server_lets_in_by_tls_and_says_what_is_wrong(server: Server, tmp_path: Path) -> None:
    stranger = make_authority(tmp_path / "stranger")
    ours, theirs = server.authority.issue("certified", common_name="certified"), stranger.issue("certified")

    for url in (server.url(), server.url("certified", sslcert=ours[0], sslkey=ours[1])):
        connection = await connect(Database(url))
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        await connection.close()

    assert "wants TLS" in await refused(server.url(sslmode="disable"))
    assert "of an authority that is not trusted" in await refused(server.url(sslrootcert=stranger.file))
    assert "for another name" in await refused(server.url().replace("127.0.0.1", "localhost"))
    assert "certificate" in await refused(server.url("certified"))
    assert "certificate" in await refused(server.url("certified", sslcert=theirs[0], sslkey=theirs[1]))
