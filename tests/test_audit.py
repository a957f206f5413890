"""What becomes of each answer of an audit: only a known vulnerability that nobody accepted stops a build."""

import re
from datetime import date
from pathlib import Path

import pytest

from requirements import audit
from requirements.audit import ACCEPTED, Acceptance, judge, read_accepted

TODAY = date(2026, 11, 29)
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"], "description": "long"}
CLEAN = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
BAD = {"name": "pillow", "version": "2.0", "vulns": [HOLE]}
UNKNOWN = {"name": "asyncpg", "skip_reason": "Dependency not found on PyPI and could not be audited: asyncpg (0.32.0)"}
ALIAS = Acceptance("CVE-1", "pillow", "we never call it", date(2026, 11, 29))


def report(*packages: object) -> dict[str, object]:
    return {"dependencies": list(packages), "fixes": []}


def test_nothing_known_passes() -> None:
    found = judge("runtime.txt", report(CLEAN), "No known vulnerabilities found", (), TODAY)
    assert found.lines == ("runtime.txt: 1 of 1 packages audited, 0 known vulnerabilities",)
    assert not found.fails


@pytest.mark.parametrize("others", [(), (CLEAN,), (UNKNOWN,)])
def test_a_known_vulnerability_fails_whatever_else_is_there(others: tuple[object, ...]) -> None:
    found = judge("runtime.txt", report(BAD, *others), "", (), TODAY)
    assert found.fails
    assert "  VULNERABLE: pillow 2.0: PYSEC-1, mended in 2.1" in found.lines


def test_what_the_service_does_not_know_is_said_loudly_and_passes() -> None:
    found = judge("runtime.txt", report(CLEAN, UNKNOWN), "", (), TODAY)
    assert "NOT AUDITED: runtime.txt: 1 packages that the service does not know" in found.lines
    assert not found.fails


@pytest.mark.parametrize(
    "said",
    [
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='h'): Failed to resolve 'h'",
        "Timeout after 180 s",
        "PyPI is not redirecting properly ... Tip: your network may be blocking this service",
        "requests.exceptions.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ],
)
def test_a_service_that_is_away_is_said_loudly_and_passes(said: str) -> None:
    found = judge("runtime.txt", None, said, (), TODAY)
    assert "NOT AUDITED: runtime.txt: the service of known vulnerabilities is away" in found.lines
    assert not found.fails


@pytest.mark.parametrize("said", ["ERROR:pip_audit._cli:requirement is not pinned", "", "No module named pip_audit"])
def test_an_audit_that_does_not_work_fails(said: str) -> None:
    assert judge("runtime.txt", None, said, (), TODAY).fails


def test_what_is_accepted_passes_until_its_day_and_for_its_package_only() -> None:
    assert not judge("runtime.txt", report(BAD), "", (ALIAS,), TODAY).fails
    assert judge("runtime.txt", report(BAD), "", (ALIAS,), date(2026, 11, 30)).fails
    assert judge("runtime.txt", report({**BAD, "name": "other"}), "", (ALIAS,), TODAY).fails


def test_an_acceptance_says_why_and_until_when() -> None:
    whole = '[[accepted]]\nid = "CVE-1"\npackage = "pillow"\nreason = "we never call it"\nuntil = 2026-11-29\n'
    assert read_accepted(whole) == (ALIAS,)
    for line in whole.splitlines()[1:]:
        with pytest.raises((TypeError, ValueError)):
            read_accepted(whole.replace(line, ""))
    with pytest.raises(ValueError, match="until"):
        read_accepted(whole.replace("2026-11-29", '"some day"'))


def test_what_is_accepted_now_can_be_read() -> None:
    read_accepted(ACCEPTED.read_text())


def test_an_audit_that_hangs_is_ended_and_is_one_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "DEADLINE", 0.01)
    assert judge("runtime.txt", *audit.audit(audit.HERE / "runtime.txt"), (), TODAY).lines[1].startswith("NOT AUDITED")


def test_a_lock_file_that_is_none_does_not_pass_for_a_service_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "runtime.txt").write_text("aiohttp >= 3\n")
    assert judge("runtime.txt", *audit.audit(tmp_path / "runtime.txt"), (), TODAY).fails


@pytest.mark.parametrize("lock", audit.LOCKS)
def test_packages_for_other_pythons_are_looked_at_too(lock: str) -> None:
    """The image has another Python than CI; pip-audit leaves out in silence what is not for its own."""
    text = (audit.HERE / lock).read_text()
    sheets = audit.spread(text)
    pinned = re.compile(r"^([\w.-]+==[\w.+!-]+)", re.MULTILINE)
    found = [set(pinned.findall(sheet)) for sheet in sheets]
    assert set.union(*found) == set(pinned.findall(text))
    assert sum(map(len, found)) == len(set(pinned.findall(text)))
    assert not any(" ;" in sheet for sheet in sheets)
    assert sum(sheet.count("--hash=") for sheet in sheets) == text.count("--hash=")
