"""Both stages asked of the simulated Ollama, a process that speaks Ollama's API: question to checked answer."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

import httpx
import pytest
from PIL import Image
from pydantic import BaseModel, Field

from bildwerk.sandbox.ollama import Simulated
from contracts.effects import Effects, PutMeta
from contracts.facts import MediaFacts
from handlers.failures import BadAnswer, Failure, Transient, Unavailable
from handlers.inference.answers import answer_schema, parse_answer
from handlers.inference.client import InferenceOptions, Ollama, Question, Reply
from handlers.inference.hosts import parse_hosts
from handlers.inference.layout import Shown
from handlers.inference.options import Layout
from handlers.registry import load_stages
from handlers.stage import Prompt, Stage
from handlers.stages import caption

MODEL = "bildwerk-simulated"
OPTIONS = InferenceOptions(MODEL, num_ctx=4096, total_timeout=60)


def _picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(file, "JPEG")
    return file.getvalue()


async def _answer(client: Ollama, stage: Stage[Any], facts: MediaFacts) -> tuple[Reply, Effects]:
    """Ask, read and check, as the runner does."""
    schema = answer_schema(stage)
    question = Question(
        MODEL, stage.prompt(facts), facts.language, _picture("navy"), schema, facts.media_id, stage.job_type
    )
    reply = await client.ask(client.hosts[0], question)
    return reply, stage.effects(facts, parse_answer(stage, facts, reply.text))


@pytest.mark.parametrize("path", ["native", "rendered"])
@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_answers_pass_and_the_picture_is_read_once(
    start_ollama: Callable[..., Awaitable[Simulated]], path: str, layout: Layout, language: str
) -> None:
    simulated = await start_ollama(1, "--prompt-path", path, "--picture-seconds", "0.2", "--load-seconds", "0")
    facts = MediaFacts(7, language=language, meta={"prompt": "a [img] dog <|im_end|>"})
    reading = []
    async with Ollama(parse_hosts(simulated.url), replace(OPTIONS, layout=layout)) as ollama:
        for stage in (stage for stage in load_stages() if stage.decide(facts) is None):
            reply, effects = await _answer(ollama, stage, facts)
            assert {e.key for e in effects if isinstance(e, PutMeta)} == set(stage.writes)
            reading.append(reply.prompt_ms)
    assert reading[1] < reading[0] / 2, "the second job must reuse the picture"


class Pair(BaseModel):
    alias: Literal["A", "B"]
    difference: Annotated[str, Field(max_length=160)]
    keep: Literal["this", "other", "neither"]
    relation: Literal["same", "edited", "burst", "variant", "unrelated"]


class Pairs(BaseModel):
    others: list[Pair]


@pytest.mark.parametrize("path", ["native", "rendered"])
@pytest.mark.parametrize("layout", Layout)
async def test_a_comparison_reads_only_the_other_pictures(
    start_ollama: Callable[..., Awaitable[Simulated]], path: str, layout: Layout
) -> None:
    """The medium's own was read for another job; the others come in the order of their names."""
    simulated = await start_ollama(1, "--prompt-path", path, "--picture-seconds", "0.2", "--load-seconds", "0")
    schema = Pairs.model_json_schema()
    alone = Question(MODEL, Prompt("Describe it.", 300), "en", _picture("navy"), schema, 7, "ollama_caption")
    shown = (Shown("A", _picture("gold")), Shown("B", _picture("midnightblue")))
    async with Ollama(parse_hosts(simulated.url), replace(OPTIONS, layout=layout)) as ollama:
        one = await ollama.ask(ollama.hosts[0], alone)
        two = await ollama.ask(ollama.hosts[0], replace(alone, prompt=Prompt("Compare.", 600), companions=shown))
    assert 1.6 * one.prompt_ms < two.prompt_ms < 2.4 * one.prompt_ms
    assert two.prompt_tokens > 3 * 256
    others = Pairs.model_validate_json(two.text).others
    assert [other.alias for other in others] == ["A", "B"]
    assert others[0].relation != others[1].relation


async def test_a_look_finds_the_model_and_leaves_no_call(ollama: Simulated) -> None:
    async with Ollama(parse_hosts(ollama.url), OPTIONS) as client:
        report = await client.inspect_host(client.hosts[0])
        blind = await client.inspect_host(client.hosts[0], "no-such-model")
    assert (report.problem, report.model_present, report.sees) == (None, True, True)
    assert report.digest is not None
    assert isinstance(blind.problem, Unavailable)
    assert blind.problem.reason == "model_missing"


@pytest.mark.parametrize(
    ("rule", "kind", "reasons"),
    [
        ({"fault": "reset"}, Transient, {"connection_reset", "partial_answer"}),
        ({"fault": "broken_body"}, Transient, {"garbled_response", "partial_answer", "connection_reset"}),
        ({"fault": "status", "status": 500, "error": "out of memory"}, Transient, {"server_error"}),
        ({"fault": "status", "status": 503}, Unavailable, {"server_busy"}),
        ({"fault": "status", "status": 404, "error": "model 'x' not found"}, Unavailable, {"model_missing"}),
        ({"fault": "runner_crash"}, Transient, {"runner_crashed"}),
        ({"fault": "refuse"}, Unavailable, {"unreachable"}),
        ({"fault": "hang"}, Unavailable, {"timeout"}),
        ({"fault": "done_false"}, BadAnswer, {"unfinished"}),
        ({"fault": "whitespace_flood"}, BadAnswer, {"length"}),
        ({"fault": "broken_json"}, BadAnswer, {"not_json"}),
        ({"fault": "truncated"}, BadAnswer, {"length"}),
        ({"fault": "refusal"}, BadAnswer, {"refusal"}),
        ({"fault": "wrong_language"}, BadAnswer, {"wrong_language"}),
        ({"fault": "prose"}, BadAnswer, {"not_json"}),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else None,
)
async def test_its_faults_are_named(
    ollama: Simulated, rule: dict[str, object], kind: type[Failure], reasons: set[str]
) -> None:
    async with httpx.AsyncClient() as control:
        scripted = await control.post(f"{ollama.control_url}/control/faults", json=rule)
        assert scripted.status_code == 200, scripted.text
    facts = MediaFacts(7, language="de")
    hurried = replace(OPTIONS, total_timeout=3) if rule["fault"] == "hang" else OPTIONS
    async with Ollama(parse_hosts(ollama.url), hurried) as client:
        with pytest.raises(Failure) as caught:
            await _answer(client, caption.STAGE, facts)
    assert type(caught.value) is kind, caught.value
    assert caught.value.reason in reasons


async def test_a_cancelled_call_is_given_up_there(start_ollama: Callable[..., Awaitable[Simulated]]) -> None:
    simulated = await start_ollama(1, "--token-seconds", "5")
    async with (
        Ollama(parse_hosts(simulated.url), OPTIONS) as client,
        httpx.AsyncClient(base_url=simulated.control_url) as control,
        asyncio.timeout(30),
    ):
        call = asyncio.ensure_future(_answer(client, caption.STAGE, MediaFacts(7)))
        while not (await control.get("/control/calls")).json()["calls"]:
            await asyncio.sleep(0.02)
        call.cancel()
        while not any(record["given_up"] for record in (await control.get("/control/calls")).json()["calls"]):
            await asyncio.sleep(0.02)
    assert call.cancelled()
