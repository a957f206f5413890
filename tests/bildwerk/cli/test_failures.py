"""`bildwerk failures` as a process, without any service running but PostgreSQL."""

import json

import pytest

from handlers.failures import BadAnswer
from handlers.runner.finishing import Failed
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk
from tests.ledger import Ledger

CAPTION, TITLE = "ollama_caption", "ollama_title"


@pytest.fixture
async def failed(ledger: Ledger) -> Ledger:
    """Return a ledger in which the captions of media 1 and 2 failed, for two reasons, and medium 3 is fine."""
    for number, reason in ((1, "refusal"), (2, "empty")):
        await ledger.add(f"{number}.jpg", f"f{number}")
        lease = await ledger.claim()
        await ledger.finish(await ledger.start(lease, CAPTION), Failed(BadAnswer(reason)))
        await ledger.pool.execute("UPDATE bildwerk.jobs SET status = 'done' WHERE job_type = $1", TITLE)
        await ledger.pool.execute("UPDATE bildwerk.media SET due = '{}'")
        await ledger.release(lease)
    await ledger.add("3.jpg", "f3")
    return ledger


@pytest.fixture
def variables(database: str) -> dict[str, str]:
    """Return variables that point at the test's database."""
    return {**NOWHERE, "DATABASE_URL": database, "BILDWERK_JOB_TYPES": f"{CAPTION},{TITLE}"}


async def generations(ledger: Ledger) -> list[tuple[str, int]]:
    rows = await ledger.pool.fetch(
        "SELECT status, generation FROM bildwerk.jobs WHERE job_type = $1 ORDER BY media_id", CAPTION
    )
    return [(row["status"], row["generation"]) for row in rows]


@pytest.mark.usefixtures("failed")
async def test_they_are_counted_and_shown(bildwerk: Bildwerk, variables: dict[str, str]) -> None:
    said = await bildwerk("failures", "list", **variables)

    lines = said.out.splitlines()
    assert (said.status, len(lines)) == (0, 5)
    assert "1  ollama_caption empty: the answer is empty, last at " in lines[0]
    assert "medium 2: ollama_caption, " in lines[3]
    told = json.loads((await bildwerk("failures", "list", "--media-id", 1, "--json", **variables)).out)
    assert [(group["reason"], group["number"]) for group in told["reasons"]] == [("refusal", 1)]
    assert [job["media_id"] for job in told["newest"]] == [1]
    assert (await bildwerk("failures", "list", "--job-type", TITLE, **variables)).lines == ["no job has failed"]


async def test_they_are_tried_again(bildwerk: Bildwerk, failed: Ledger, variables: dict[str, str]) -> None:
    """Transition 16."""
    dry = await bildwerk("failures", "retry", "--dry-run", **variables)
    assert dry.lines == ["2 jobs of 2 media would be tried again: 2 ollama_caption"]
    assert await generations(failed) == [("failed", 0), ("failed", 0), ("due", 0)]

    some = await bildwerk("failures", "retry", "--reason", "refusal", "--since", "1h", **variables)
    assert (some.status, some.lines) == (0, ["1 jobs of 1 media are tried again, 1 media due: 1 ollama_caption"])
    assert await generations(failed) == [("due", 1), ("failed", 0), ("due", 0)]

    await bildwerk("failures", "retry", **variables)
    assert await generations(failed) == [("due", 1), ("due", 1), ("due", 0)]
    assert (await bildwerk("failures", "retry", **variables)).lines == [
        "0 jobs of 0 media are tried again, 0 media due"
    ]


async def test_a_job_type_that_is_switched_off_is_left_alone(
    bildwerk: Bildwerk, failed: Ledger, variables: dict[str, str]
) -> None:
    said = await bildwerk("failures", "retry", **variables | {"BILDWERK_JOB_TYPES": TITLE})

    assert said.lines == ["0 jobs of 0 media are tried again, 0 media due"]
    assert await generations(failed) == [("failed", 0), ("failed", 0), ("due", 0)]


async def test_a_job_type_that_does_not_exist_is_named(bildwerk: Bildwerk, variables: dict[str, str]) -> None:
    said = await bildwerk("failures", "retry", "--job-type", "caption", **variables)

    assert said.status == 1
    assert "there is no job type caption: they are ollama_caption" in said.lines[0]
