"""What three real servers answered, served again over a socket: each answer must land in the right class."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.inference.client import Question
from handlers.inference.options import Layout
from tests.handlers.inference.conftest import Ask
from tests.handlers.inference.scripted_server import Exchange

RECORDED = Path(__file__).parents[2] / "bildwerk" / "simulated_ollama" / "recorded.json"
CALLS = ("/api/chat", "/api/generate")
BAD_REQUEST = (Invalid, "bad_request")
TOO_LONG = (Invalid, "context_exceeded")
BAD_PICTURE = (Invalid, "picture_refused")

REFUSED: dict[str, dict[str, tuple[type[Failure], str]]] = {
    # Cases whose answer is an error, by version where they differ ("": all others).
    "chat format word": {"": BAD_REQUEST},
    "chat format number": {"": BAD_REQUEST},
    "chat format list": {"": BAD_REQUEST},
    "chat format bogus type": {"0.13.5": BAD_REQUEST, "0.24.0": BAD_REQUEST},
    "chat format bad pattern": {"0.13.5": BAD_REQUEST, "0.24.0": BAD_REQUEST},
    "chat content list": {"": BAD_REQUEST},
    "chat missing model": {"": (Unavailable, "model_missing")},
    "generate missing model": {"": (Unavailable, "model_missing")},
    "chat empty model": {"": BAD_REQUEST},
    "chat bad model name": {"": BAD_REQUEST},
    "chat picture not base64": {"": BAD_PICTURE},
    "chat picture data url": {"": BAD_PICTURE},
    "chat picture garbage bytes": {
        "0.13.5": (Transient, "runner_crashed"),
        "0.24.0": (Transient, "runner_crashed"),
        "0.33.0": BAD_PICTURE,
    },
    "chat picture empty string": {"": BAD_PICTURE},
    "chat picture to text model": {"0.33.0": (Unavailable, "model_blind")},
    "chat option wrong type": {"": BAD_REQUEST},
    "chat think true": {"": BAD_REQUEST},
    "chat think word": {"": BAD_REQUEST},
    "chat tools": {"": BAD_REQUEST},
    "chat keep_alive bad": {"": BAD_REQUEST},
    "chat prompt too long, truncate false": {"": TOO_LONG},
    "chat picture and long prompt": {"0.33.0": TOO_LONG},
    "chat picture and long prompt, truncate false": {"": TOO_LONG},
    "chat bad json": {"": BAD_REQUEST},
    "chat empty body": {"": BAD_REQUEST},
    "chat json list": {"": BAD_REQUEST},
    "chat model number": {"": BAD_REQUEST},
    "chat by GET": {"": (Unavailable, "not_ollama")},
    "generate raw": {"0.33.0": BAD_REQUEST},
    "generate suffix": {"": BAD_REQUEST},
}


def _cases() -> list[Any]:
    cases = json.loads(RECORDED.read_bytes())["cases"]
    return [
        pytest.param(case["case"], version, case["request"]["path"], answer, id=f"{case['case']}-{version}")
        for case in cases
        if case["request"]["path"] in CALLS
        for version, answer in case["answers"].items()
        if "lines" not in answer  # streams, which are never asked for
    ]


def _expected(case: str, version: str, answer: dict[str, Any]) -> tuple[type[Failure], str] | None:
    by_version = REFUSED.get(case, {})
    if refused := by_version.get(version, by_version.get("")):
        return refused
    body = answer["body"]
    if not body["done"] or body["done_reason"] in ("load", "unload"):
        return BadAnswer, "unfinished"
    return (BadAnswer, "length") if body["done_reason"] == "length" else None


@pytest.mark.parametrize(("case", "version", "path", "answer"), _cases())
async def test_a_recorded_answer_lands_in_its_class(
    asking: Ask, question: Question, case: str, version: str, path: str, answer: dict[str, Any]
) -> None:
    content = json.dumps(answer["body"]).encode() if "body" in answer else answer["text"].encode()

    async def script(exchange: Exchange) -> None:
        await exchange.answer(answer["status"], content, answer["content_type"])

    layout = Layout.GENERATE if path == "/api/generate" else Layout.TWO_USER_TURNS
    expected = _expected(case, version, answer)
    async with asking(script, layout=layout) as (ollama, host, _):
        if expected is None:
            reply = await ollama.ask(host, question)
            assert json.loads(reply.text)
            assert reply.prompt_tokens > 0
            assert reply.total_ms > 0
            return
        with pytest.raises(Failure) as caught:
            await ollama.ask(host, question)
    assert (type(caught.value), caught.value.reason) == expected


def test_every_named_case_was_recorded() -> None:
    recorded = {case["case"] for case in json.loads(RECORDED.read_bytes())["cases"]}
    assert set(REFUSED) <= recorded
