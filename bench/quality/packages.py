"""Debian packages, fetched from the mirror that this machine's apt is set up with, and unpacked.

Nothing is installed, no right of root is needed, and nothing of the machine's own apt is changed: its sources are read,
its lists are not touched.
"""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("bench-output") / "packages"
"""Where they are kept."""
LONGEST_SECONDS = 600
_TYPES = re.compile(r"^Types:.*\bdeb\b.*$", re.MULTILINE)
_SETTINGS = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/sources.list.d";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}";
APT::Sandbox::User "";
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package. `source`: what it is made from, where its tests are. `photographs`: places of nothing else."""

    name: str
    source: bool = False
    photographs: tuple[str, ...] = ()


class Apt:
    """apt-get with lists of its own below `folder`. Raises FileNotFoundError where there is no apt-get."""

    def __init__(self, folder: Path, machine: Path = Path("/etc/apt")) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise FileNotFoundError("apt-get: what is measured is in Debian's packages, and this machine has none")
        self.folder = folder.resolve()
        self._settings = self.folder / "apt.conf"
        for part in ("lists/partial", "archives/partial", "sources.list.d", "unpacked"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "sources.list").touch()
        for file in (machine / "sources.list", *sorted((machine / "sources.list.d").glob("*"))):
            if file.is_file() and file.suffix in (".list", ".sources"):
                (self.folder / file.relative_to(machine)).write_text(with_sources(file.read_text()))
        self._settings.write_text(_SETTINGS.format(folder=self.folder))

    def update(self) -> None:
        """Read what there is. Raises CalledProcessError where the mirror does not answer."""
        self._run("update")

    def fetch(self, package: Package) -> Path | None:
        """Where its files are; None where it cannot be had. What was fetched before is not fetched again."""
        place = self.folder / "unpacked" / package.name
        if place.exists():
            return place
        how = ("source", "--download-only", "--tar-only") if package.source else ("download",)
        fetched = self.folder / f"fetched-{package.name}"
        shutil.rmtree(fetched, ignore_errors=True)
        fetched.mkdir()
        try:
            self._run(*how, package.name, within=fetched)
        except subprocess.SubprocessError:
            return None
        half = place.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        for archive in find_archives(fetched):
            unpack(archive, half)
        shutil.rmtree(fetched)
        return half.rename(place)

    def _run(self, *words: str, within: Path | None = None) -> None:
        command = ["apt-get", "-qq", "-c", str(self._settings), *words]
        subprocess.run(command, cwd=within, check=True, capture_output=True, timeout=LONGEST_SECONDS)


def with_sources(text: str) -> str:
    """A list of apt, of either kind, with what packages are made from besides the packages."""
    lines = _TYPES.sub("Types: deb deb-src", text).splitlines()
    return "\n".join([*lines, *(line.replace("deb ", "deb-src ", 1) for line in lines if line.startswith("deb ")), ""])


def find_archives(folder: Path) -> Iterator[Path]:
    """What was fetched, less changes of Debian's and descriptions."""
    yield from sorted(path for path in folder.iterdir() if path.suffix == ".deb" or ".orig.tar" in path.name)


def unpack(archive: Path, place: Path) -> None:
    """Unpack a .deb or a tarball; what would come to lie elsewhere is refused."""
    if archive.suffix == ".deb":
        command = [shutil.which("dpkg-deb") or "dpkg-deb", "-x", str(archive), str(place)]
        subprocess.run(command, check=True, timeout=LONGEST_SECONDS)
        return
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
