"""Which models are asked: what people write, and what the rooms are told of it."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bildwerk.arguments import make_chain, make_options
from bildwerk.cli.doctor import judge_host
from bildwerk.model_arguments import make_claiming, make_models
from bildwerk.settings import Settings
from db import leases
from handlers.failures import Unavailable
from handlers.inference.hosts import parse_hosts
from handlers.inference.report import HostReport


def settings(**given: Any) -> Settings:
    return Settings(database_url=SecretStr("postgresql://b"), **given)


def test_other_models_are_named_by_job_type() -> None:
    chosen = settings(model="eye", models="ollama_title=pen:4b, ollama_policy_flags = judge")
    models = make_models(chosen)
    assert [models.of(name) for name in ("ollama_caption", "ollama_title", "ollama_policy_flags")] == [
        "eye", "pen:4b", "judge",
    ]  # fmt: skip
    assert list(make_chain(chosen).lines) == ["eye", "pen:4b", "judge"], "in the order of the chain"
    assert make_options(chosen).textual == {"judge"}, "it is shown no picture"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ollama_title", "ollama_title has no model"),
        ("ollama_title=", "ollama_title has no model"),
        ("ollama_title=a,ollama_title=b", "ollama_title is named twice"),
        ("title=a", "there is no title"),
    ],
)
def test_what_cannot_be_meant_is_refused(written: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(models=written)


def test_with_one_model_claims_know_nothing_of_swaps() -> None:
    """Also where the other one's jobs do not run here, or are somebody else's."""
    for given in (
        {},
        {"models": "ollama_title=pen", "job_types": "ollama_caption"},
        {"models": "ollama_title=pen", "foreign_job_types": "ollama_title"},
        {"model": "eye", "models": "ollama_title=eye"},
    ):
        chosen = settings(**given)
        assert make_claiming(chosen, make_chain(chosen), lambda _host: ()) is leases.claim
    chosen = settings(models="ollama_title=pen")
    assert make_claiming(chosen, make_chain(chosen), lambda _host: ()) is not leases.claim


def test_doctor_names_the_setting_that_is_to_be_changed() -> None:
    (host,) = parse_hosts("gpu")
    report = HostReport(problem=Unavailable("model_missing", ""))
    assert "or set BILDWERK_MODEL" in str(judge_host(host, report, "eye"))
    assert "or set BILDWERK_MODELS" in str(judge_host(host, report, "pen", others=True))
