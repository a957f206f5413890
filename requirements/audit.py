"""Are there known vulnerabilities in what is locked? `make audit`; exit status 1 says yes.

Where the service that knows them cannot be reached, or does not know a package, that is said loudly and is no failure:
a closed network must not stop a build, and nobody must take silence for health.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

HERE: Final = Path(__file__).resolve().parent
LOCKS: Final = ("runtime.txt", "demo.txt")
"""What is installed where bildwerk runs; the tools of its makers are not in it."""
ACCEPTED: Final = HERE / "accepted.toml"
DEADLINE: Final = 180.0
"""Seconds for one lock file: a service that hangs must not hold up the build."""
_AWAY: Final = re.compile(
    r"ConnectionError|Could not connect|Timeout|Failed to resolve|SSLError|ProxyError|HTTPError"
    r"|your network may be blocking|exceptions\.(?:JSONDecodeError|ChunkedEncodingError)"
)
_PINNED: Final = re.compile(r"^([\w.-]+)(?:\[[\w,.-]*\])?==.*(?:\n[ \t]+\S.*)*", re.MULTILINE)
_RULE: Final = "=" * 78


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A vulnerability that we live with, for a reason, until a day on which it is thought about again."""

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of an audit: `lines` for a person, and whether it `fails`."""

    lines: tuple[str, ...]
    fails: bool = False


def read_accepted(text: str) -> tuple[Acceptance, ...]:
    """The entries of `accepted.toml`. Raises TypeError or ValueError for one that is not whole."""
    entries = tuple(Acceptance(**entry) for entry in tomllib.loads(text).get("accepted", []))
    for entry in entries:
        if type(entry.until) is not date or not (entry.id and entry.package and entry.reason.strip()):
            raise ValueError(f"{entry.id or 'an entry'}: id, package, reason and a day until which it holds are needed")
    return entries


def judge(name: str, report: object, said: str, accepted: Sequence[Acceptance], today: date) -> Judgement:
    """Judge what pip-audit reported of one lock file, or `said` on standard error where it reported nothing."""
    if not isinstance(report, Mapping):
        if _AWAY.search(said):
            return Judgement((_RULE, f"NOT AUDITED: {name}: the service of known vulnerabilities is away", _RULE))
        last = said.strip().rpartition("\n")[2] or "it said nothing"
        return Judgement((f"{name}: pip-audit does not work: {last}",), fails=True)
    packages: list[Mapping[str, Any]] = report["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    found = [(package, hole) for package in known for hole in package["vulns"]]
    bad = [(package, hole) for package, hole in found if not _is_accepted(package, hole, accepted, today)]
    lines = [f"{name}: {len(known)} of {len(packages)} packages audited, {len(found)} known vulnerabilities"]
    if len(known) < len(packages) or not packages:
        lines += [
            _RULE,
            f"NOT AUDITED: {name}: {len(packages) - len(known)} packages that the service does not know",
            _RULE,
        ]
    lines += [_tell(package, hole) for package, hole in bad]
    lines += [f"  accepted: {hole['id']} in {package['name']}" for package, hole in found if (package, hole) not in bad]
    return Judgement(tuple(lines), fails=bool(bad))


def _is_accepted(
    package: Mapping[str, Any], hole: Mapping[str, Any], accepted: Sequence[Acceptance], today: date
) -> bool:
    ids = {hole["id"], *hole.get("aliases", ())}
    return any(entry.id in ids and entry.package == package["name"] and today <= entry.until for entry in accepted)


def _tell(package: Mapping[str, Any], hole: Mapping[str, Any]) -> str:
    mended = ", ".join(hole.get("fix_versions", ())) or "no version yet"
    return f"  VULNERABLE: {package['name']} {package['version']}: {hole['id']}, mended in {mended}"


def spread(text: str) -> list[str]:
    """A lock file as one or more that are for every Python and system, each with a package once.

    pip-audit leaves out in silence what is not for the Python that it runs on: the image has another.
    """
    sheets: list[dict[str, str]] = [{}]
    for pinned in _PINNED.finditer(text):
        if all(pinned[1] in sheet for sheet in sheets):
            sheets.append({})
        sheet = next(sheet for sheet in sheets if pinned[1] not in sheet)
        sheet[pinned[1]] = re.sub(r" ;[^\\\n]*", " ", pinned[0], count=1)
    return ["\n".join(sheet.values()) + "\n" for sheet in sheets]


def audit(lock: Path) -> tuple[object, str]:
    """Ask pip-audit about a lock file; its report, None if there is none, and what it said."""
    options = ("--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "-r", str(lock), *options],
            check=False, capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, f"Timeout after {DEADLINE:g} s"
    try:
        return orjson.loads(done.stdout), done.stderr
    except orjson.JSONDecodeError:
        return None, done.stderr


def main() -> int:
    """Audit every lock file; returns the exit status."""
    accepted = read_accepted(ACCEPTED.read_text("utf-8"))
    today = datetime.now(UTC).date()
    judgements = []
    with TemporaryDirectory() as folder:
        for lock in LOCKS:
            for number, text in enumerate(spread((HERE / lock).read_text("utf-8"))):
                path = Path(folder) / f"{number}-{lock}"
                path.write_text(text, "utf-8")
                judgements.append(judge(lock, *audit(path), accepted, today))
    for judgement in judgements:
        sys.stdout.write("".join(f"{line}\n" for line in judgement.lines))
    return int(any(judgement.fails for judgement in judgements))


if __name__ == "__main__":
    sys.exit(main())
