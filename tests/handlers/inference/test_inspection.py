"""A look at a server: is it Ollama, has it the model, can the model see."""

import json
from typing import Any

import pytest

from handlers.inference.report import HostReport, ModelList, ModelSheet
from tests.handlers.inference.conftest import Ask
from tests.handlers.inference.scripted_server import Exchange, Script


def _server(models: list[str], capabilities: list[str] | None, version: str = "0.33.0", **sheet: Any) -> Script:
    async def script(exchange: Exchange) -> None:
        match exchange.path:
            case "/api/version":
                await exchange.answer(200, {"version": version})
            case "/api/tags":
                await exchange.answer(200, {"models": [{"name": name, "digest": f"d-{name}"} for name in models]})
            case "/api/show" if json.loads(exchange.body) == {"model": "eye"}:
                known = {} if capabilities is None else {"capabilities": capabilities}
                await exchange.answer(200, {"license": "...", **known, **sheet})
            case _:
                await exchange.answer(404, b"404 page not found", "text/plain")

    return script


async def test_a_model_that_sees(asking: Ask) -> None:
    async with asking(_server(["other:7b", "eye:latest"], ["completion", "vision", "thinking"])) as (
        ollama,
        host,
        server,
    ):
        report = await ollama.inspect_host(host)
        assert ollama.last_report(host) == report
    assert report == HostReport("0.33.0", True, True, True, "d-eye:latest")
    assert [exchange.headers["x-bildwerk-probe"] for exchange in server.exchanges] == ["1", "1", "1"]


async def test_a_model_that_is_not_there(asking: Ask) -> None:
    async with asking(_server(["eye:4b"], ["vision"])) as (ollama, host, _):
        report = await ollama.inspect_host(host)
    assert (report.version, report.model_present) == ("0.33.0", False)
    assert report.problem is not None
    assert report.problem.reason == "model_missing"


async def test_a_model_that_cannot_see(asking: Ask) -> None:
    async with asking(_server(["eye:latest"], ["completion"])) as (ollama, host, _):
        report = await ollama.inspect_host(host)
    assert (report.model_present, report.sees) == (True, False)
    assert report.problem is not None
    assert report.problem.reason == "model_blind"


async def test_an_old_server_tells_by_its_projector(asking: Ask) -> None:
    async with asking(_server(["eye:latest"], None, model_info={"clip.vision.block_count": 1})) as (ollama, host, _):
        assert (await ollama.inspect_host(host)).sees


async def test_something_else_listens(asking: Ask) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, {"hello": "world"})

    async with asking(script) as (ollama, host, _):
        report = await ollama.inspect_host(host)
    assert report.problem is not None
    assert report.problem.reason == "not_ollama"


async def test_a_server_that_hangs(asking: Ask) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.gone.wait()

    async with asking(script, probe_timeout=0.2) as (ollama, host, _):
        report = await ollama.inspect_host(host)
    assert report.problem is not None
    assert report.problem.reason == "timeout"


@pytest.mark.parametrize(
    ("version", "thinks", "outdated"),
    [
        ("0.21.0", True, True),
        ("0.21.1", True, False),
        ("0.9.9", True, True),
        ("0.21.0", False, False),
        ("0.0.0", True, False),
        ("1.0.0-rc1", True, False),
        ("v0.20.3", True, True),
        ("simulated", True, False),
    ],
)
def test_versions_that_ignore_the_form_for_thinking_models(version: str, thinks: bool, outdated: bool) -> None:
    assert HostReport(version=version, thinks=thinks).outdated is outdated


@pytest.mark.parametrize(
    ("family", "alone"),
    [
        ("qwen3vl", True), ("qwen3vlmoe", True), ("qwen35", True), ("qwen3-next", True), ("nemotron_h_moe", True),
        ("gemma3", False), ("qwen25vl", False), ("llava", False), ("qwen3", False),
    ],
)  # fmt: skip
def test_families_that_run_one_call_at_a_time(family: str, alone: bool) -> None:
    sheet = ModelSheet.model_validate({"details": {"family": family, "families": [family, "clip"]}})
    assert sheet.kinds == (family, "clip")
    assert HostReport(families=sheet.kinds).one_at_a_time is alone


def test_a_sheet_without_details_is_of_no_family() -> None:
    assert ModelSheet.model_validate({"details": {"family": None}}).kinds == ()
    assert ModelSheet.model_validate({}).kinds == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("eye", True), ("eye:latest", True), ("Eye", True), ("eye:4b", False), ("hub:5000/eye", False), ("ey", False)],
)
def test_models_are_found_by_name_and_tag(wanted: str, found: bool) -> None:
    models = ModelList.model_validate({"models": [{"name": "eye:latest", "digest": "d"}]})
    assert (models.find(wanted) is not None) is found


def test_a_server_without_models_lists_null() -> None:
    assert ModelList.model_validate({"models": None}).find("eye") is None
