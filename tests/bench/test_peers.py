"""What is counted of a run of peers, and that the comparison runs where they are installed."""

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers import courses, ground
from bench.peers.calls import Call, count_inversions, count_overlaps, count_repeats, measure_span, read_calls
from bench.peers.contestants import Contestant, find_missing
from bench.peers.ground import Ground, lay_out, open_site
from bench.peers.workloads import JOBS, Message, make_even, make_skewed
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.process import Process, Program
from tests.kafka_real.broker import fetch_kafka

REPOSITORY = Path(__file__).parents[2]
seeds = st.integers(0, 2**32)
times = st.floats(0, 100)
calls = st.builds(
    lambda media_id, job, start, length: Call(Message(media_id, job), start, start + length),
    st.integers(1, 3), st.sampled_from(JOBS), times, times,
)  # fmt: skip


def in_turn(messages: list[Message], slots: int = 1) -> list[Call]:
    """A call of a second for each message, in their order."""
    return [Call(message, number // slots, number // slots + 1) for number, message in enumerate(messages)]


@given(seeds, st.integers(5, 40), st.floats(1, 1_000))
def test_the_skewed_work_is_as_large_as_asked_and_its_media_are_in_order(seed: int, media: int, total: float) -> None:
    work = make_skewed(random.Random(seed), media, total)
    assert Counter(message.media_id for message in work.messages) == dict.fromkeys(range(1, media + 1), len(JOBS))
    assert sum(work.seconds.values()) == pytest.approx(total)
    assert count_inversions(in_turn(list(work.messages))) == 0
    assert work == make_skewed(random.Random(seed), media, total)


@given(seeds, st.integers(5, 40), st.integers(1, 64))
def test_no_schedule_beats_the_floor(seed: int, media: int, slots: int) -> None:
    work = make_skewed(random.Random(seed), media, 100.0)
    free, ready = [0.0] * slots, defaultdict[int, float](float)
    for message in work.messages:
        free.sort()
        start = max(free[0], ready[message.media_id])
        free[0] = end = start + work.seconds[message]
        ready[message.media_id] = end
    assert max(free) >= work.floor(slots) * (1 - 1e-9)


def test_the_floor_is_the_longest_chain_or_the_work_of_a_slot() -> None:
    assert make_even(12, 2.0).floor(4) == 6.0
    assert make_even(3, 2.0).floor(4) == 2.0


@given(st.integers(0, 20), st.integers(1, 20))
def test_more_waves_follow_those_that_there_are(number: int, more: int) -> None:
    assert make_even(number, 1.0).add(make_even(more, 1.0, first=number + 1)) == make_even(number + more, 1.0)


@given(st.lists(calls, min_size=1))
def test_a_log_reads_the_same_in_any_order(made: list[Call]) -> None:
    listed = [
        {"media": str(c.message.media_id), "job": c.message.job, "start": c.start, "end": c.end, "probe": False}
        for c in made
    ]
    unseen = [listed[0] | {"probe": True}, listed[0] | {"start": None}]
    read = read_calls([*unseen, *listed])
    assert Counter(read) == Counter(made)
    assert [call.start for call in read] == sorted(call.start for call in made)
    assert measure_span(read) == max(call.end or 0 for call in made) - min(call.start for call in made)
    assert count_repeats(read) == len(made) - len({call.message for call in made})


def test_what_is_out_of_order_or_beside_another_is_counted() -> None:
    first, second, third = (Message(1, job) for job in JOBS[:3])
    other = Message(2, JOBS[0])
    assert count_inversions(in_turn([first, second, other, third])) == 0
    assert count_inversions(in_turn([second, other, first, third])) == 1
    assert count_inversions(in_turn([third, first, second])) == 2
    assert count_overlaps(in_turn([first, second, other, third])) == 0
    assert count_overlaps(in_turn([first, second, other, third], slots=2)) == 1
    assert count_overlaps([Call(first, 0, None), Call(second, 5, 6)]) == 1
    assert count_repeats(in_turn([first, first, second, first])) == 2


@dataclass(frozen=True, slots=True)
class Written(Contestant):
    """A contestant whose program stands here."""

    text: str = ""

    @property
    def command(self) -> list[str]:
        """This Python runs the text."""
        return [sys.executable, "-c", self.text]


STUBBORN = Written("stubborn", text="""
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
""")  # fmt: skip
CALLS = 99
FORGETFUL = Written("forgetful", concurrency=1, text=f"""
import time, httpx
from bench.peers.programs.orders import Event, make_question, read_orders
with httpx.Client(base_url=read_orders().ollama, timeout=600, trust_env=False) as client:
    for media_id in range(1, {CALLS + 1}):
        body, headers = make_question(Event(media_id, "ollama_caption"))
        client.post("/api/chat", json=body, headers=headers).raise_for_status()
time.sleep(600)
""")  # fmt: skip


@asynccontextmanager
async def start_run(stack: Stack, folder: Path, contestant: Contestant) -> AsyncIterator[Ground]:
    """A run of four messages with calls that take no time."""
    async with (
        open_site(stack, folder, 4) as site,
        lay_out(site, contestant, make_even(4, 0.0), folder / "run") as laid,
    ):
        yield laid


@pytest.mark.parametrize("status", [0, 1])
async def test_a_member_that_ends_by_itself_fails_the_run_instead_of_losing_messages(
    stack: Stack, tmp_path: Path, status: int
) -> None:
    ending = Written("ending", text=f"raise SystemExit({status})")
    async with start_run(stack, tmp_path, ending) as laid:
        with pytest.raises(SandboxError, match=rf"ending, member-1 ended \({status}\)"):
            await courses.play(laid, courses.run_through)


async def test_a_run_in_which_nobody_works_fails(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "QUIET_SECONDS", 0.5)
    idle = Written("idle", text="import time; time.sleep(600)")
    async with start_run(stack, tmp_path, idle) as laid:
        with pytest.raises(SandboxError, match="idle did nothing"):
            await courses.play(laid, courses.run_through)


async def test_a_member_that_had_to_be_killed_did_not_stop_cleanly(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "STOP_SECONDS", 0.5)
    async with start_run(stack, tmp_path, STUBBORN) as laid:
        member = await laid.join()

        async def deaf() -> bool | None:
            return "deaf" in member.program.log.read_text() or None

        await member.wait_until(deaf, 60.0)
        with pytest.raises(SandboxError, match="stubborn, member-1 was asked to stop"):
            await laid.leave(member)


@pytest.mark.parametrize("course", [courses.join_and_leave, courses.roll, courses.restart])
async def test_a_member_that_leaves_without_having_worked_fails_the_run(
    stack: Stack, tmp_path: Path, course: courses.Course
) -> None:
    """Calls are made, and none of them comes to a row."""
    async with start_run(stack, tmp_path, FORGETFUL) as laid:
        with pytest.raises(SandboxError, match=r"forgetful, member-\d did nothing during 60 calls"):
            await courses.play(laid, course)


async def test_what_was_begun_and_has_no_row_was_under_way_when_a_member_was_killed(
    stack: Stack, tmp_path: Path
) -> None:
    async with start_run(stack, tmp_path, FORGETFUL) as laid:
        await laid.pool.execute("INSERT INTO peer_rows VALUES (1, $1, 0)", JOBS[0])
        assert await courses.die(laid, share=CALLS / 4) == {"under_way": CALLS - 1}


async def test_bildwerk_and_a_peer_of_each_environment_are_compared(tmp_path: Path) -> None:
    if missing := find_missing():
        pytest.skip(f"{', '.join(missing)} not installed: `make bench ARGS=peers` does it")
    await fetch_kafka()
    argv = [sys.executable, "-m", "bench", "peers", "--rounds", "1", "--quick", "--output", str(tmp_path / "out")]
    process = await Process.start(Program("bench", argv, tmp_path / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail(20)
    finally:
        await process.stop()

    (figures,) = json.loads((tmp_path / "out" / "peers.json").read_text())["rounds"]
    names = {"bildwerk", "faststream-concurrent-aiokafka", "quixstreams"}
    assert figures["over_floor"].keys() == names
    assert figures["skewed_repeats"] == figures["skewed_lost"] == dict.fromkeys(names, 0)
    assert figures["inversions"]["bildwerk"] == figures["overlaps"]["bildwerk"] == 0
    assert figures["idle"].keys() == names - {"bildwerk"}
    for course in ("join", "roll"):
        assert figures[f"{course}_repeats"] == figures[f"{course}_lost"] == {"bildwerk": 0}
    assert figures["join_second"]["bildwerk"] > 0
    assert figures["roll_least"]["bildwerk"] > 0
