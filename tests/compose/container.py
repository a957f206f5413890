"""What stands for a container where there is no Docker: the image's files in a folder, and confined processes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.compose.reading import ROOT, Instruction, Service, argv, image_environment, load_stages, mounts

INSTALLED = "/opt/bildwerk"
NO_INDEX = ("Connection", "connection", "Temporary failure in name resolution")
"""Of these words one is in what pip says where it cannot reach a package index."""
SUPPORTED = "import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))"
CONFINE = """\
set -eu
for folder in $WRITABLE; do mount --bind "$folder" "$folder"; done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
mount -o remount,bind,ro /
unset WRITABLE
exec "$@"
"""
"""What a read-only root file system, a tmpfs and writable volumes come to; needs a mount namespace of its own."""


class NoIndexError(Exception):
    """Packages cannot be fetched here."""


@dataclass(frozen=True)
class Container:
    """A service of docker-compose.yml as a process: `folders` are its volumes by source, `addresses` replace words."""

    installed: Path
    service: Service
    folders: Mapping[str, Path]
    addresses: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """Its own command line, or that of `docker compose exec` with these arguments; confined where we are root."""
        given = arguments or argv(self.service)
        program, *rest = map(self._translate, given)
        return self._confine([str(self.installed / "bin" / program), *rest])

    def environment(self, **settings: str) -> dict[str, str]:
        """What it sees; `settings` are those out of `.env`."""
        told = image_environment() | settings | self.service.get("environment", {})
        given = {name: self._translate(value) for name, value in told.items()}
        return {**given, "HOME": "/", "WRITABLE": " ".join(map(str, self._writable()))}

    def _writable(self) -> list[Path]:
        return [self.folders[source] for source, _, writable in mounts(self.service) if writable]

    def _translate(self, text: str) -> str:
        places = {target: str(self.folders[source]) for source, target, _ in mounts(self.service)}
        for name, place in {INSTALLED: str(self.installed), **places, **self.addresses}.items():
            text = text.replace(name, place)
        return text

    def _confine(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        user, group = self.service["user"].split(":")
        demoted = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        demoted += ["--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=TERM"]
        walled = ["unshare", "--mount", "--propagation=private", "sh", "-c", CONFINE, "sh"] if can_mount() else []
        return [*walled, *demoted, *command]


def can_mount() -> bool:
    """Whether this machine lets us make a root file system read-only for one process."""
    trial = ["unshare", "--mount", "--propagation=private", "mount", "-o", "remount,bind,ro", "/"]
    return os.geteuid() == 0 and subprocess.run(trial, check=False, capture_output=True).returncode == 0


def build(folder: Path, python: Path) -> Path:
    """Do what the first stage says, in a folder; returns what is /opt/bildwerk in the image. Raises NoIndexError."""
    installed, source = folder / "installed", folder / "source"
    source.mkdir()
    for one in load_stages()[0]:
        if one.name == "COPY":
            _copy(one, source)
        elif one.name == "RUN":
            line = re.sub(r"^python\b", str(python), one.text)
            _run(line.replace(INSTALLED, str(installed)), source)
    return installed


def _run(line: str, folder: Path) -> None:
    result = subprocess.run(["/bin/sh", "-c", line], cwd=folder, check=False, capture_output=True, text=True)
    if result.returncode and " pip " in line and any(word in result.stderr for word in NO_INDEX):
        raise NoIndexError(result.stderr.splitlines()[-1])
    assert result.returncode == 0, result.stderr


def _copy(one: Instruction, folder: Path) -> None:
    *sources, target = one.words()
    for source in sources:
        place = folder / target / (Path(source).name if target.endswith("/") or target == "." else "")
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)


def find_python() -> Path | None:
    """A Python that any user may run and make an environment of, this one first; None where there is none."""
    own = Path(getattr(sys, "_base_executable", sys.executable))
    for python in (own.resolve(), Path("/usr/bin/python3").resolve()):
        open_to_all = all(place.stat().st_mode & 1 for place in (python, *python.parents)) if python.exists() else False
        if not open_to_all and os.geteuid() == 0:
            continue
        if subprocess.run([python, "-c", SUPPORTED], check=False, capture_output=True).returncode == 0:
            return python
    return None
