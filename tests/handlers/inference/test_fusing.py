"""Several questions put together, and their answer taken apart."""

from contextlib import suppress
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.failures import BadAnswer
from handlers.inference.fusing import count_fitting, divide, fuse, name_parts
from handlers.inference.layout import Question
from handlers.stage import Prompt

JOB_TYPES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True)
VALUES = st.dictionaries(st.text(max_size=5), st.integers(-(2**63), 2**63) | st.text(max_size=9), max_size=3)


def _ask(job_type: str, task: str = "Say it.", room: int = 100) -> Question:
    schema = {"type": "object", "properties": {"word": {"type": "string"}}}
    return Question("eye", Prompt(task, room), "en", b"picture", schema, 7, job_type)  # type: ignore[arg-type]


@given(JOB_TYPES)
def test_names_sort_in_the_order_of_the_chain(job_types: list[str]) -> None:
    """The native prompt path answers in alphabetical order, and later parts build on earlier ones."""
    names = name_parts(job_types)
    assert sorted(names) == list(names)
    assert len(set(names)) == len(names)


@given(JOB_TYPES, st.data())
def test_each_part_is_found_again_whatever_the_order(job_types: list[str], data: st.DataObject) -> None:
    values = {name: data.draw(VALUES) for name in name_parts(job_types)}
    shuffled = dict(data.draw(st.permutations(list(values.items()))))
    parts = divide(orjson.dumps(shuffled).decode(), job_types)

    assert list(parts) == job_types
    assert [orjson.loads(parts[job]) for job in job_types] == list(values.values())


@given(st.text(max_size=40))
def test_any_text_is_divided_or_a_bad_answer(text: str) -> None:
    parts = {}
    with suppress(BadAnswer):
        parts = divide(text, ["a", "b"])
    assert set(parts) in (set(), {"a", "b"})


def test_a_part_that_is_missing_is_no_answer() -> None:
    assert divide('{"part2_b": {}}', ["a", "b"]) == {"a": "", "b": "{}"}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null"])
def test_what_is_no_object_cannot_be_divided(text: str) -> None:
    with pytest.raises(BadAnswer):
        divide(text, ["a"])


def test_the_fused_question_holds_all_tasks_in_order_and_one_picture() -> None:
    questions = [_ask("b", "First."), replace(_ask("a", "Second."), rendition=None)]
    fused = fuse(questions)

    assert fused.prompt.task.index("part1_b:\nFirst.") < fused.prompt.task.index("part2_a:\nSecond.")
    assert fused.rendition == b"picture"
    assert fused.job_type == "b,a"
    assert fused.schema["required"] == ["part1_b", "part2_a"]
    assert fused.schema["additionalProperties"] is False
    assert fused.prompt.num_predict >= 200


def test_a_text_only_job_that_comes_first_does_not_hide_the_picture() -> None:
    assert fuse([replace(_ask("a"), rendition=None), _ask("b")]).rendition == b"picture"


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.integers(0, 9000))
def test_as_many_fit_as_the_room_holds_and_at_least_one(sizes: list[int], room: int) -> None:
    questions = [_ask(str(at), "x" * size) for at, size in enumerate(sizes)]
    fitting = count_fitting(questions, room)

    assert 1 <= fitting <= len(questions)
    assert fitting == 1 or sum(size // 3 + 100 for size in sizes[:fitting]) <= room
    assert count_fitting(questions, room + 1000) >= fitting
