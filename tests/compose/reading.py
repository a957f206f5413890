"""docker-compose.yml, Dockerfile and .env.example, read as Docker reads them."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
OURS = "bildwerk:"
Service: TypeAlias = dict[str, Any]
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\})")


def interpolate(value: Any, given: Mapping[str, str]) -> Any:
    """The same with `${NAME:-default}` replaced everywhere in it, and `$$` by `$`."""
    if isinstance(value, dict):
        return {key: interpolate(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolate(inner, given) for inner in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda m: given.get(m["name"]) or m["default"] or "" if m["name"] else "$", value)


def load_compose(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with the variables of `.env` that are given."""
    read = YAML(typ="safe", pure=True).load(ROOT / "docker-compose.yml")
    filled = interpolate(read, given or {})
    assert isinstance(filled, dict)
    return filled


def load_services(given: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Its services."""
    services = load_compose(given)["services"]
    assert isinstance(services, dict)
    return services


def variables() -> set[str]:
    """What the file takes out of `.env`."""
    return {found["name"] for found in _VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()) if found["name"]}


def example() -> dict[str, str]:
    """What `.env.example` sets, or shows in a comment."""
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def is_ours(service: Service) -> bool:
    """Whether it runs our image."""
    return str(service["image"]).startswith(OURS)


def is_one_shot(service: Service) -> bool:
    """Whether it ends by itself."""
    return service.get("restart") == "no"


def depends(service: Service) -> dict[str, dict[str, Any]]:
    """What it waits for, and how."""
    found = service.get("depends_on", {})
    assert isinstance(found, dict)
    return found


def answers_to(name: str, service: Service) -> set[str]:
    """The names under which others find it."""
    networks = service.get("networks") or {}
    return {name}.union(*(network.get("aliases", ()) for network in networks.values()))


def mounts(service: Service) -> list[tuple[str, str, bool]]:
    """(source, target, writable) of each volume."""
    split = (volume.split(":") for volume in service.get("volumes", ()))
    return [(source, target, mode != ["ro"]) for source, target, *mode in split]


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its flags apart."""

    name: str
    flags: tuple[str, ...]
    text: str

    def words(self) -> list[str]:
        """A JSON array, or the words of a line."""
        if self.text.startswith("["):
            parsed = json.loads(self.text)
            assert isinstance(parsed, list)
            return parsed
        return shlex.split(self.text)


def load_stages() -> list[list[Instruction]]:
    """The instructions of the Dockerfile by stage; each begins with its FROM."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    stages: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, rest = line.split(maxsplit=1)
        flags = re.match(r"(--\S+\s+)*", rest)
        assert flags
        if name == "FROM":
            stages.append([])
        stages[-1].append(Instruction(name, tuple(flags[0].split()), rest[flags.end() :]))
    return stages


def image_environment() -> dict[str, str]:
    """The variables that the image sets."""
    pairs = (word for one in load_stages()[-1] if one.name == "ENV" for word in one.words())
    return dict(pair.split("=", 1) for pair in pairs)


def only(stage: list[Instruction], name: str) -> Instruction:
    """The one instruction of that name."""
    (found,) = (one for one in stage if one.name == name)
    return found


def argv(service: Service) -> list[str]:
    """What a container of one of our services runs."""
    last = load_stages()[-1]
    entry = service.get("entrypoint") or only(last, "ENTRYPOINT").words()
    return [*entry, *(service.get("command") or only(last, "CMD").words())]
