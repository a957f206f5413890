"""What every stage must keep to, whichever stages there are."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.effects import PutMeta
from contracts.facts import MediaFacts, Standing, Written
from handlers.chain import Chain
from handlers.inference.answers import answer_schema, parse_answer
from handlers.registry import load_stages
from handlers.stage import Due, Impossible, Satisfied, Stage
from tests.handlers.stages.generated_facts import (
    HASH,
    Field,
    build_facts,
    foreign,
    languages,
    metadata,
    own_fields,
    values,
)

STAGES = load_stages()
GOLDEN = Path(__file__).parent / "golden"
OWN = tuple(key for stage in STAGES for key in stage.writes)
every_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.job_type)
facts_of_all_kinds = st.builds(
    build_facts,
    own_fields(OWN),
    foreign,
    metadata=metadata,
    language=languages,
    unreadable=st.none() | st.just("empty"),
)


def _golden(stage: Stage[Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / f"{stage.job_type}.json").read_bytes())
    return loaded


def _answer(stage: Stage[Any]) -> Any:
    return stage.Answer.model_validate(_golden(stage)["answer"])


def _visible(stage: Stage[Any]) -> set[str]:
    before = Chain(STAGES).upstreams[stage.job_type]
    return {key for other in STAGES if other.job_type in before for key in other.writes}


@every_stage
def test_the_schema_is_what_every_server_can_enforce(stage: Stage[Any]) -> None:
    schema = answer_schema(stage)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert "$defs" not in schema
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties
    assert schema["required"] == list(properties)
    # One prompt path of Ollama sorts the properties: the order that is wanted must be the sorted one.
    assert list(properties) == sorted(properties)
    for part in properties.values():
        assert isinstance(part, dict)
        assert "pattern" not in part
        assert part["type"] in ("string", "integer", "number", "boolean", "array")
        if part["type"] == "string":
            assert "enum" in part or 0 < int(str(part["maxLength"])) <= 500
        if part["type"] == "array":
            assert 0 < int(str(part["maxItems"])) <= 100


@every_stage
def test_the_golden_case(stage: Stage[Any]) -> None:
    golden = _golden(stage)
    facts = MediaFacts(7, content_hash=HASH, meta=golden["meta"], language=golden["language"])
    assert stage.condition(facts) == Due()
    lead = golden["prompt"]
    assert stage.prompt(facts).task.split("\n")[: len(lead)] == lead
    answer = parse_answer(stage, facts, json.dumps(golden["answer"]))
    assert stage.effects(facts, answer) == tuple(PutMeta(key, value) for key, value in golden["effects"].items())
    assert stage.check(facts, answer) == answer, "a checked answer is clean"


@every_stage
@given(facts=facts_of_all_kinds)
def test_the_condition_is_total(stage: Stage[Any], facts: MediaFacts) -> None:
    verdict = stage.condition(facts)
    assert isinstance(verdict, Due | Satisfied | Impossible)
    if stage.needs_picture and facts.unreadable is not None:
        assert verdict == Impossible("unreadable_picture")


@every_stage
@given(facts=facts_of_all_kinds)
def test_prompts_are_bounded_and_hold_no_control_words(stage: Stage[Any], facts: MediaFacts) -> None:
    prompt = stage.prompt(facts)
    assert prompt == stage.prompt(facts)
    assert len(prompt.task) < 8000
    assert 0 < prompt.num_predict <= 2048
    for word in ("[img", "<|", "secret", HASH, "\u202e", "\x00"):
        assert word not in prompt.task
    assert prompt.task.count("<data ") == prompt.task.count("</data>") == prompt.task.count("<") / 2


@every_stage
def test_the_task_ends_with_the_language_that_is_wanted(stage: Stage[Any]) -> None:
    assert stage.prompt(MediaFacts(7, language="de")).task.endswith("German.")


@every_stage
@given(facts=facts_of_all_kinds)
def test_effects_stay_within_what_the_stage_writes(stage: Stage[Any], facts: MediaFacts) -> None:
    keys = [effect.key for effect in stage.effects(facts, _answer(stage))]
    assert set(keys) <= set(stage.writes)
    assert len(keys) == len(set(keys))


@every_stage
@given(facts=facts_of_all_kinds)
def test_a_due_stage_is_done_once_its_effects_are_written(stage: Stage[Any], facts: MediaFacts) -> None:
    if stage.condition(facts) != Due():
        return
    meta, written = dict(facts.meta), dict(facts.written)
    for effect in stage.effects(facts, _answer(stage)):
        if facts.standing(effect.key) is not Standing.KEPT:
            meta[effect.key] = effect.value
            written[effect.key] = Written(effect.value, HASH)
    assert written != facts.written
    after = MediaFacts(7, content_hash=HASH, meta=meta, written=written)
    assert stage.condition(after) == Satisfied("present")


@every_stage
@given(data=st.data())
def test_a_stage_looks_only_at_what_it_names_and_at_its_upstreams(stage: Stage[Any], data: st.DataObject) -> None:
    """Two media that differ only in what the stage must not look at are the same to it."""
    visible = _visible(stage)
    own = data.draw(own_fields(OWN))
    shared = data.draw(foreign)
    twins = []
    for _ in range(2):
        fields = {
            key: field
            # A missing kept value has no other value to take.
            if key in visible or (field.standing is Standing.KEPT and field.value is None)
            else Field(field.standing, data.draw(values.filter(lambda value: value is not None)))
            for key, field in own.items()
        }
        meta = {key: value for key, value in shared.items() if key in stage.reads} | {
            key: value for key, value in data.draw(foreign).items() if key not in stage.reads
        }
        twins.append(build_facts(fields, meta))
    one, other = twins
    assert stage.condition(one) == stage.condition(other)
    assert stage.triggers(one) == stage.triggers(other)
    assert stage.prompt(one) == stage.prompt(other)
    assert stage.effects(one, _answer(stage)) == stage.effects(other, _answer(stage))


@every_stage
@given(shared=foreign, one=own_fields(OWN), other=own_fields(OWN))
def test_triggers_look_at_no_answer(
    stage: Stage[Any], shared: dict[str, Any], one: dict[str, Field], other: dict[str, Field]
) -> None:
    assert stage.triggers(build_facts(one, shared)) == stage.triggers(build_facts(other, shared))
