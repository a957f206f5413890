"""What must hold of docker-compose.yml, without a Docker engine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer.main

from bildwerk import __version__
from bildwerk.cli.commands import app
from bildwerk.environment import read, unknown
from bildwerk.environment import variables as known_variables
from bildwerk.settings import Settings
from tests.compose.reading import (
    ROOT,
    Service,
    answers_to,
    argv,
    depends,
    example,
    image_environment,
    is_one_shot,
    is_ours,
    load_compose,
    load_services,
    mounts,
    variables,
)

SERVICES = load_services()
OURS = {name: service for name, service in SERVICES.items() if is_ours(service)}
PROFILES = ("cpu", "gpu", "kafka-ui")
MINIMUM_DRAIN_SECONDS = 15
"""What is left to a stopping service after the calls under way: publishing, leases, connections."""
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL")
each = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def enabled(profiles: set[str]) -> dict[str, Service]:
    """The services that start with these profiles."""
    return {n: s for n, s in SERVICES.items() if not s.get("profiles") or profiles & set(s["profiles"])}


def choices() -> Iterator[set[str]]:
    """Every set of profiles that makes sense: at most one kind of Ollama."""
    for ollama, kafka_ui in product((set(), {"cpu"}, {"gpu"}), (set(), {"kafka-ui"})):
        yield ollama | kafka_ui


def awaited(name: str) -> set[str]:
    """All that has to be well before it starts."""
    found = set(depends(SERVICES[name]))
    return found.union(*map(awaited, found))


def texts(value: object) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_it_is_what_the_compose_specification_allows() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*command, "docker-compose.yml"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_there_is_everything_that_was_promised() -> None:
    assert set(SERVICES) == {
        "password", "postgres", "kafka", "ollama", "ollama-gpu", "model", "migrate", "serve", "kafka-ui",
    }  # fmt: skip
    assert SERVICES["serve"]["deploy"]["replicas"] == 2
    assert "container_name" not in SERVICES["serve"]


@each
def test_each_service_tells_whether_it_is_well_or_ends_by_itself(name: str) -> None:
    service = SERVICES[name]
    check = service.get("healthcheck", {"disable": True})
    if is_one_shot(service):
        assert check == {"disable": True}
        return
    assert check["test"][0] == "CMD"
    assert len(check["test"]) > 1
    assert service["restart"] == "unless-stopped"


@each
def test_who_waits_waits_for_what_can_come(name: str) -> None:
    for other, how in depends(SERVICES[name]).items():
        done = "service_completed_successfully" if is_one_shot(SERVICES[other]) else "service_healthy"
        assert how["condition"] == done, other


def test_nothing_waits_in_a_circle() -> None:
    order = list(TopologicalSorter({name: depends(service) for name, service in SERVICES.items()}).static_order())
    assert set(order) == set(SERVICES)
    assert order.index("password") < order.index("postgres") < order.index("migrate") < order.index("serve")
    assert order.index("kafka") < order.index("migrate")
    assert order.index("ollama") < order.index("model") < order.index("serve")


@each
def test_each_service_waits_for_every_server_that_it_names(name: str) -> None:
    servers = {alias: other for other, service in SERVICES.items() for alias in answers_to(other, service)}
    told = " ".join(texts([SERVICES[name].get("environment"), SERVICES[name].get("command")]))
    named = {server for server in servers if re.search(rf"(?<![\w.-]){server}:\d", told)} - answers_to(
        name, SERVICES[name]
    )
    if name in ("migrate", "password"):
        named -= {"ollama", "postgres"}  # handed the whole environment; it makes the address only
    assert {server for server in named if not {servers[server]} & awaited(name)} == set()


@each
def test_who_reads_secrets_waits_until_they_are_made(name: str) -> None:
    reading = [writable for source, _, writable in mounts(SERVICES[name]) if source == "secrets"]
    if name == "password":
        assert reading == [True]
    elif reading:
        assert reading == [False]
        assert "password" in awaited(name)


@pytest.mark.parametrize("profiles", list(choices()), ids=lambda chosen: "+".join(sorted(chosen)) or "none")
def test_with_any_profile_nothing_needed_is_left_out(profiles: set[str]) -> None:
    running = enabled(profiles)
    for service in running.values():
        assert {other for other, how in depends(service).items() if how.get("required", True)} <= set(running)
    ollamas = [name for name, service in running.items() if "ollama" in answers_to(name, service)]
    assert len(ollamas) == len(profiles & {"cpu", "gpu"})
    assert ("model" in running) == bool(ollamas)


def test_only_profiles_that_are_documented_exist() -> None:
    assert {profile for service in SERVICES.values() for profile in service.get("profiles", ())} == set(PROFILES)
    text = (ROOT / "docs" / "docker.md").read_text()
    assert [profile for profile in PROFILES if f"`{profile}`" not in text] == []


def test_a_gpu_is_asked_for_where_it_is_said() -> None:
    (device,) = SERVICES["ollama-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    apart = {"profiles", "deploy"}
    one, other = ({k: v for k, v in SERVICES[n].items() if k not in apart} for n in ("ollama", "ollama-gpu"))
    assert one == other


@each
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable in SERVICES[name].get("environment", {}):
        assert not SECRET.search(variable) or variable.endswith("_FILE"), variable
    for text in texts(SERVICES[name]):
        assert re.search(r"://[^/\s@:]+:(?!\{password\})[^/\s@]+@", text) is None


def test_volumes_are_named_declared_and_used() -> None:
    named = {source for service in SERVICES.values() for source, _, _ in mounts(service) if "/" not in source}
    assert named == set(load_compose()["volumes"])


def test_models_last() -> None:
    for name in ("ollama", "ollama-gpu"):
        assert mounts(SERVICES[name]) == [("ollama", SERVICES[name]["environment"]["OLLAMA_MODELS"], True)]


def test_media_are_only_read() -> None:
    assert [writable for _, target, writable in mounts(SERVICES["serve"]) if target == "/media"] == [False]


@each
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", ()) if not port.startswith("127.0.0.1:")] == []


@each
def test_commands_are_lists(name: str) -> None:
    for key in ("command", "entrypoint"):
        assert isinstance(SERVICES[name].get(key, []), list)


@each
def test_images_have_a_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.search(r"\d+\.\d+", tag)


def test_versions_are_those_that_are_tested() -> None:
    pom = ET.parse(ROOT / "bildwerk" / "sandbox" / "kafka.pom.xml")  # noqa: S314 - our own file
    space = "{http://maven.apache.org/POM/4.0.0}"
    versions = {d.findtext(f"{space}artifactId"): d.findtext(f"{space}version") for d in pom.iter(f"{space}dependency")}
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{versions['kafka_2.13']}"
    assert {service["image"] for service in OURS.values()} == {f"bildwerk:{__version__}"}
    assert [name for name, service in OURS.items() if "build" in service] == ["password"]


@each_of_ours
def test_our_containers_may_do_little(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a folder of the container
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


@each_of_ours
def test_every_command_of_ours_exists_with_its_options(name: str) -> None:
    words = argv(OURS[name])
    if words[0] != "bildwerk":
        assert words[:2] == ["python", "-Ic"]
        compile(words[2], name, "exec")
        return
    commands = typer.main.get_command(app)
    assert hasattr(commands, "commands")
    commands.commands[words[1]].make_context(words[1], words[2:])


@pytest.mark.parametrize("name", ["migrate", "serve"])
def test_every_setting_is_one_and_has_a_value_that_is_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = image_environment() | OURS[name]["environment"]
    (tmp_path / "url").write_text("postgresql://bildwerk:x@postgres:5432/bildwerk")
    environment["DATABASE_URL_FILE"] = str(tmp_path / "url")
    names = known_variables(Settings).keys() | {f"{n}_FILE" for n in known_variables(Settings)}
    assert {n for n in OURS[name]["environment"] if n not in names} == set()
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    settings = read(Settings)

    assert [host.url for host in settings.ollama_host] == ["http://ollama:11434"]
    assert settings.cache_folder in {Path(target) for _, target, writable in mounts(OURS["serve"]) if writable}


def test_the_example_names_settings_and_variables_that_exist() -> None:
    named = example()
    assert unknown(Settings, named) == []
    assert {name for name in named if not name.startswith("BILDWERK_")} == variables() - {"BILDWERK_MODEL"} | {
        "COMPOSE_PROFILES"
    }
    assert named["COMPOSE_PROFILES"] in PROFILES
    assert named["BILDWERK_MODEL"] == SERVICES["serve"]["environment"]["BILDWERK_MODEL"]


def test_the_model_that_is_pulled_is_the_one_that_is_asked() -> None:
    for given in ({}, {"BILDWERK_MODEL": "other:1b"}):
        services = load_services(given)
        assert services["model"]["command"][-1] == services["serve"]["environment"]["BILDWERK_MODEL"]


@pytest.mark.parametrize(("there", "calls"), [(0, ["show a:1b"]), (1, ["show a:1b", "pull a:1b"])])
def test_a_model_is_pulled_unless_it_is_there(there: int, calls: list[str], tmp_path: Path) -> None:
    service = load_services({"BILDWERK_MODEL": "a:1b"})["model"]
    ollama = tmp_path / "ollama"
    ollama.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ntest "$1" = pull || exit {there}\n')
    ollama.chmod(0o755)
    subprocess.run([*service["entrypoint"], *service["command"]], env={"PATH": f"{tmp_path}:{os.defpath}"}, check=True)
    assert (tmp_path / "calls").read_text().splitlines() == calls


def test_there_is_more_time_to_stop_than_the_calls_under_way_get() -> None:
    service = SERVICES["serve"]
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace >= float(service["environment"]["BILDWERK_GRACE_SECONDS"]) + MINIMUM_DRAIN_SECONDS


def test_kafka_advertises_every_door_that_it_opens_to_clients() -> None:
    told = SERVICES["kafka"]["environment"]
    listens = dict(one.split("://") for one in told["KAFKA_LISTENERS"].split(","))
    advertised = dict(one.split("://") for one in told["KAFKA_ADVERTISED_LISTENERS"].split(","))
    protocols = dict(one.split(":") for one in told["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert listens.keys() == protocols.keys() == advertised.keys() | {told["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    assert advertised["INSIDE"] == SERVICES["serve"]["environment"]["KAFKA_BOOTSTRAP_SERVERS"]
    (port,) = SERVICES["kafka"]["ports"]
    _, outer, inner = port.split(":")
    assert advertised["OUTSIDE"] == f"localhost:{outer}"
    assert listens["OUTSIDE"] == f":{inner}"
    assert told["KAFKA_LOG_DIRS"] in {target for _, target, _ in mounts(SERVICES["kafka"])}
