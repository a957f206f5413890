"""An answer that is none fails its job, or puts it off, and nothing of it is kept but the run record."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import start_simulated_ollama
from contracts.duplicates import ASKS
from db.pool import Database, open_pool
from handlers.chain import Chain
from handlers.inference.answers import answer_schema
from handlers.inference.health import HostHealth
from handlers.registry import load_stages
from handlers.runner.planning import Planner
from tests.acceptance.bad_answers import CASES, LOST, PAGE, Case, Usual, fill
from tests.acceptance.conftest import QUICK, FreshDatabase, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION
from tests.ledger import Ledger
from tests.spec.cells import find_stages
from tests.spec.desk import Desk
from tests.spec.likenesses import upload_copy
from tests.workshop import SPEED, open_workshop

pytestmark = pytest.mark.asyncio(loop_scope="session")

JOBS = [stage.job_type for stage in load_stages()]
KNOWN: dict[str, Any] = {
    "caption": "Theirs.",
    "description": "Theirs.",
    "title": "Theirs",
    "scan.nsfw": 0.25,
    "ollama.quality": {"status": "ok", "grade": "A", "score": 0.95, "defects": []},
    "ollama.tags_raw": [{"name": "quay", "level": "main"}],
    "ollama.tags_normalized": [{"name": "quay", "confidence": 0.75, "weight": 1.0}],
    "ollama.prompt_reconstruction": {"prompt": "a quay at noon", "confidence": 0.25, "source": "model"},
    "ollama.scores": {axis: {"score": 0.8} for axis in ("aesthetic", "completeness", "compliance", "fidelity")},
}
"""What other jobs would have to say first, said by somebody else; such that no rule alone decides."""
RUN = "SELECT outcome, reason, raw_answer FROM bildwerk.runs WHERE media_id = $1 AND job_type = $2 ORDER BY id DESC"
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


@dataclass
class Library:
    """A desk at which one job type is tried, and what the model usually answers to it."""

    desk: Desk
    job_type: str
    usual: Usual = field(init=False)

    async def add(self) -> int:
        """Bring a picture of which all is known but what this job says."""
        await self.desk.pool.execute("TRUNCATE media CASCADE")
        await self.desk.pool.execute("DELETE FROM bildwerk.media")
        fleet = self.desk.workshop.fleet
        fleet.health = HostHealth(fleet.ollama.hosts)
        stage = self.desk.workshop.ledger.planner.chain.stage(self.job_type)
        if self.job_type == ASKS:
            _, newer = await upload_copy(self.desk)
            return newer
        own = {*stage.writes, *(key.removeprefix("ollama.") for key in stage.writes)}
        return await self.desk.add(**{key: value for key, value in KNOWN.items() if key not in own})

    async def work(self) -> None:
        """Run the medium's jobs until they are done or put off."""
        await self.desk.workshop.runner.run(await self.desk.workshop.claim())
        await self.desk.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")

    async def learn(self) -> None:
        """Ask once and keep question and answer."""
        with self.desk.overhear() as heard:
            await self.add()
            await self.work()
        (asked,) = [request for request in heard if request.job_type == self.job_type]
        stage = self.desk.workshop.ledger.planner.chain.stage(self.job_type)
        task = asked.body["messages"][-1]["content"]
        self.usual = Usual(await self.desk.said(self.job_type), dict(answer_schema(stage)), task)

    async def spoil(self, media_id: int, **rule: Any) -> None:
        """Script what this medium's call meets."""
        await self.desk.workshop.fail(match={"media": str(media_id), "job": self.job_type}, **rule)

    def host(self) -> tuple[str, str]:
        """State and reason of the one host's breaker."""
        fleet = self.desk.workshop.fleet
        breaker = fleet.health.breaker(fleet.ollama.hosts[0])
        return breaker.state(monotonic()).value.replace("half_open", "open"), breaker.reason


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=JOBS)
async def library(
    request: pytest.FixtureRequest, stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Library]:
    """Return a library in which one job type is tried, with those it comes after."""
    folder = tmp_path_factory.mktemp("bad-answers")
    planner = Planner(Chain(find_stages(request.param)))
    simulated = await start_simulated_ollama(folder, 2, SPEED)
    try:
        async with (
            FreshDatabase(stack.database_url, template) as url,
            open_pool(Database(url)) as pool,
            open_workshop(Ledger(pool, planner), simulated, folder) as workshop,
        ):
            library = Library(Desk(workshop, url), request.param)
            await library.learn()
            yield library
    finally:
        await simulated.process.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_becomes_of_it(library: Library, case: Case) -> None:
    if not case.where(library.usual):
        pytest.skip("its answer has no such field")
    job_type, fate = library.job_type, case.fate_of(library.job_type)
    media_id = await library.add()
    try:
        await library.spoil(media_id, **case.send(library.usual))
        await library.work()
    finally:
        await library.desk.workshop.heal()

    job = await library.desk.workshop.ledger.verdict(media_id, job_type)
    run = await library.desk.pool.fetchrow(RUN, media_id, job_type)
    shown = (job["status"], run["outcome"], run["reason"], library.host()[0])
    assert shown == (fate.status, fate.run, fate.reason, fate.host), run["raw_answer"]
    assert job["reason"] == (fate.reason if fate.status == "failed" else "")
    assert (job["attempt"], job["run_at"] is not None) == ((1, True) if fate.run == "retry" else (0, False))
    if case.send(library.usual)["fault"] != "refuse":
        assert await library.desk.calls(media_id, job_type) == fate.calls
    own = library.desk.workshop.ledger.planner.chain.stage(job_type).writes
    ours = {key: value for key, value in (await library.desk.ours(media_id)).items() if key in own}
    if fate.status != "done":
        assert ours == {}
        remembered = await library.desk.pool.fetch("SELECT field FROM bildwerk.written WHERE media_id = $1", media_id)
        assert not {row["field"] for row in remembered} & set(own)
        return
    assert ours
    for text in strings(ours):
        assert not {unicodedata.category(character) for character in text} & UNSEEN
        assert not [trace for trace in ("evil.example", "https:", "[31m", "[0m") if trace in text]
    if case.id == "L9" and not library.usual.lists and "ollama.prompt_reconstruction" not in ours:
        assert any("<script>alert(1)</script> [by](…" in text for text in strings(ours))
    if case.id == "L8":
        wanted = ["sky", "lake", "hill"] if library.usual.lists else ["A dog by the lake"]
        assert [words for words in wanted if not any(words in text for text in strings(ours))] == []


async def test_an_answer_after_the_lease_was_lost(library: Library) -> None:
    """L20: another worker holds the medium by then."""
    media_id = await library.add()
    await library.spoil(media_id, **LOST.send(library.usual), next=1)
    working = asyncio.create_task(library.work())
    await until(lambda: library.desk.calls(media_id, library.job_type))
    await library.desk.pool.execute(
        "UPDATE bildwerk.media SET owner = $2, lease_no = lease_no + 1 WHERE id = $1", media_id, uuid4()
    )
    await library.desk.workshop.heal()
    await working

    run = await library.desk.pool.fetchrow(RUN, media_id, library.job_type)
    assert (run["outcome"], run["reason"]) == (LOST.fate.run, "lease_lost")
    assert (await library.desk.verdict(media_id, library.job_type))[0] == LOST.fate.status
    own = library.desk.workshop.ledger.planner.chain.stage(library.job_type).writes
    assert not set(own) & set(await library.desk.ours(media_id))


async def test_every_kind_is_there() -> None:
    assert {case.id for case in (*CASES, LOST)} == {f"L{number}" for number in range(1, 21)}


async def test_the_page_shows_the_table() -> None:
    page = PAGE.read_text("utf-8")
    assert fill(page) == page, "run: python -m tests.acceptance.bad_answers"


async def test_what_fails_in_passing_is_tried_again_and_neighbours_go_on(make: MakeWorld) -> None:
    world = await make(*QUICK)
    media = await world.add(5)
    for fault, media_id in zip(("status", "reset", "runner_crash"), media, strict=False):
        await world.spoil(fault, match={"media": str(media_id), "job": CAPTION}, next=1)
    await world.spoil("broken_json", match={"media": str(media[3]), "job": CAPTION})
    await world.serve(retry_base_seconds=0.2)

    await world.wire.created(media)

    await world.settled(media)
    jobs = await world.jobs()
    failed = [key for key, job in jobs.items() if job["status"] == "failed"]
    assert failed == [(media[3], CAPTION)]
    for media_id in media[:3]:
        assert (CAPTION, "retry") in await world.outcomes(media_id)
    (await gather(world)).check()


def strings(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)
