"""The request: the picture before, and apart from, the job's text."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handlers.inference.layout import Question, Shown, request_body, request_path
from handlers.inference.options import InferenceOptions, Layout
from handlers.stage import Prompt


def _body(question: Question, layout: Layout = Layout.TWO_USER_TURNS) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(request_body(question, InferenceOptions("eye", layout=layout)))
    return loaded


def test_the_jobs_text_is_never_in_the_pictures_message(question: Question) -> None:
    messages = _body(question)["messages"]
    assert [m["role"] for m in messages] == ["system", "user", "user"]
    assert messages[1]["images"] == ["/9hwaWN0dXJl"]
    assert messages[1]["content"] == "Look at this picture."
    assert messages[2] == {"role": "user", "content": "Give a title."}


def test_an_assistants_turn_can_stand_between(question: Question) -> None:
    messages = _body(question, Layout.READY_BETWEEN)["messages"]
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == "Ready."


def test_generate_takes_the_job_as_its_prompt(question: Question) -> None:
    body = _body(question, Layout.GENERATE)
    assert request_path(Layout.GENERATE) == "/api/generate"
    assert body["prompt"] == "Give a title."
    assert body["images"] == ["/9hwaWN0dXJl"]
    assert "messages" not in body


@pytest.mark.parametrize("layout", Layout)
def test_two_jobs_of_a_picture_share_everything_up_to_its_end(question: Question, layout: Layout) -> None:
    other = replace(question, prompt=Prompt("Say what is there.", 384), schema={"type": "object"}, media_id=8)
    ours, theirs = _body(question, layout), _body(other, layout)
    if layout is Layout.GENERATE:
        assert (ours["system"], ours["images"]) == (theirs["system"], theirs["images"])
    else:
        assert ours["messages"][:-1] == theirs["messages"][:-1]
    assert ours["options"].pop("num_predict") == 64
    assert theirs["options"].pop("num_predict") == 384
    assert ours["options"] == theirs["options"] == {"num_ctx": 8192, "seed": 1, "temperature": 0.0}


@pytest.mark.parametrize("layout", Layout)
def test_what_every_request_says(question: Question, layout: Layout) -> None:
    body = _body(question, layout)
    assert (body["stream"], body["think"], body["truncate"]) == (False, False, False)
    assert body["format"] == question.schema
    assert body["model"] == "eye"
    assert "keep_alive" not in body
    assert "shift" not in body
    system = body["system"] if layout is Layout.GENERATE else body["messages"][0]["content"]
    assert system.endswith("Answer in German.")


@pytest.mark.parametrize("layout", Layout)
def test_without_a_picture_there_is_no_picture_message(question: Question, layout: Layout) -> None:
    body = _body(replace(question, rendition=None), layout)
    assert "images" not in json.dumps(body)
    assert "Look at this picture" not in json.dumps(body)


@pytest.mark.parametrize("marker", ["[img]", "[img-0]", "[IMG]", "[[img]img]", "[im[img]g]"])
def test_text_cannot_place_the_picture(question: Question, marker: str) -> None:
    text = json.dumps(_body(replace(question, prompt=Prompt(f"see {marker} here", 9)))).lower()
    assert "[img" not in text


COMPANIONS = (Shown("A", b"other"), Shown("B", b"third"))


@pytest.mark.parametrize("layout", Layout)
def test_other_pictures_leave_the_mediums_own_where_it_was(question: Question, layout: Layout) -> None:
    """Byte for byte, up to and with its own picture: only so does a server find what it has read before."""
    options = InferenceOptions("eye", layout=layout)
    alone = request_body(question, options)
    asked = request_body(replace(question, prompt=Prompt("Compare.", 99), companions=COMPANIONS), options)
    end = alone.index(b"/9hwaWN0dXJl") + len(b"/9hwaWN0dXJl")
    if (
        layout is Layout.GENERATE
    ):  # the server puts system text and pictures before the prompt, whatever comes first here
        ours, theirs = json.loads(alone), json.loads(asked)
        assert (ours["system"], ours["images"][0]) == (theirs["system"], theirs["images"][0])
    else:
        assert alone[:end] == asked[:end]
        kept = _body(question, layout)["messages"][:-1]
        assert json.loads(asked)["messages"][: len(kept)] == kept


def test_each_other_picture_has_a_message_with_its_name(question: Question) -> None:
    messages = _body(replace(question, companions=COMPANIONS))["messages"]
    assert [m["role"] for m in messages] == ["system", "user", "user", "user", "user"]
    assert [(m["content"], m["images"]) for m in messages[2:4]] == [
        ("This is picture A.", ["b3RoZXI="]),
        ("This is picture B.", ["dGhpcmQ="]),
    ]
    assert messages[4] == {"role": "user", "content": "Give a title."}


def test_roles_alternate_with_other_pictures_too(question: Question) -> None:
    messages = _body(replace(question, companions=COMPANIONS), Layout.READY_BETWEEN)["messages"]
    assert [m["role"] for m in messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert [m["content"] for m in messages if m["role"] == "assistant"] == ["Ready."] * 3


def test_generate_says_which_picture_is_which(question: Question) -> None:
    body = _body(replace(question, companions=COMPANIONS), Layout.GENERATE)
    assert body["images"] == ["/9hwaWN0dXJl", "b3RoZXI=", "dGhpcmQ="]
    first, rest = body["prompt"].split("\n", 1)
    assert first == "The first picture is this picture. After it come, in this order: picture A, picture B."
    assert rest == "Give a title."


@pytest.mark.parametrize("layout", Layout)
def test_the_messages_of_other_pictures_are_the_same_for_every_task(question: Question, layout: Layout) -> None:
    """A companion that is asked about again costs nothing either, as long as its name and place stay."""
    one, other = (replace(question, prompt=Prompt(t, 9), companions=COMPANIONS) for t in ("Compare.", "Look again."))
    ours, theirs = _body(one, layout), _body(other, layout)
    if layout is Layout.GENERATE:
        assert ours["prompt"].replace("Compare.", "Look again.") == theirs["prompt"]
    else:
        assert ours["messages"][:-1] == theirs["messages"][:-1]


@pytest.mark.parametrize("layout", Layout)
def test_a_name_cannot_place_a_picture(question: Question, layout: Layout) -> None:
    text = json.dumps(_body(replace(question, companions=(Shown("[img-0]", b"other"),)), layout)).lower()
    assert "[img" not in text
