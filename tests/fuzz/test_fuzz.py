"""The fuzzer finds what is wrong, and finds nothing wrong with us; `make fuzz` lets it look for longer."""

import importlib.util
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import INTAKE_TOPICS
from tests.acceptance.bad_events import Sent
from tests.fuzz.decoder import pack, unpack
from tests.fuzz.fuzzing import ROOT, fuzz
from tests.fuzz.target import TRACED, load_target

SECONDS = 20
LONGEST_SECONDS = 120
TARGETS = [name for name in TRACED if name != "planted"]
with_fuzzer = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="there is no atheris here: it is made for Linux on x86-64"
)

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
contents = st.none() | st.binary(max_size=40)


@given(
    st.sampled_from(INTAKE_TOPICS),
    st.none() | st.binary(max_size=200),
    st.lists(st.tuples(names, contents), max_size=7).map(tuple),
)
def test_every_message_can_be_written_for_the_fuzzer(topic: object, value: bytes | None, headers: object) -> None:
    sent = Sent(value, topic, headers)  # type: ignore[arg-type]
    assert unpack(pack(sent)) == sent


@cache
def list_seeds(name: str) -> list[bytes]:
    """Return what the fuzzer begins with."""
    return list(load_target(name).seeds())


@pytest.mark.parametrize("name", TARGETS)
def test_what_it_begins_with_is_well(name: str) -> None:
    target, seeds = load_target(name), list_seeds(name)
    assert len(seeds) > 50
    for data in seeds:
        target.look(data)


@pytest.mark.parametrize("name", TARGETS)
@given(number=st.integers(0), dice=st.randoms(use_true_random=False))
def test_what_becomes_of_it_is_well(name: str, number: int, dice: random.Random) -> None:
    target, seeds = load_target(name), list_seeds(name)
    data = seeds[number % len(seeds)]
    for _ in range(3):
        data = target.change(data, dice) or data
    target.look(data)


@with_fuzzer
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, tmp_path: Path, figure: Callable[[str], None]) -> None:
    seed = random.randrange(1, 2**31)
    hunt = fuzz(name, SECONDS, tmp_path, seed)
    assert hunt.found is None, hunt.advice
    assert hunt.tried > 1_000, f"--seed {seed}: {hunt.said[-2000:]}"
    figure(f"{hunt.tried} inputs in {SECONDS} s, nothing found, --seed {seed}")


@with_fuzzer
def test_a_mistake_is_found_kept_and_can_be_replayed(tmp_path: Path) -> None:
    hunt = fuzz("planted", LONGEST_SECONDS, tmp_path, seed=1)

    assert hunt.found is not None, hunt.said[-2000:]
    assert "KeyError: 'planted'" in hunt.said
    assert hunt.advice.endswith(f"--replay {hunt.found}")
    again = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--replay", str(hunt.found)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 1
    assert "KeyError: 'planted'" in again.stderr
