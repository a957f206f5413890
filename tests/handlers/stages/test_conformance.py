"""What every stage must keep to, whichever stages there are."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.effects import PutMeta
from contracts.facts import PAIRS, MediaFacts, Standing
from handlers.chain import Chain
from handlers.inference.answers import answer_schema, parse_answer
from handlers.plan import take_fingerprint
from handlers.registry import load_stages
from handlers.stage import Awaiting, Condition, Due, Impossible, Satisfied, Stage
from tests.contracts.schemas import validator
from tests.handlers.stages.generated_facts import (
    HASH,
    Field,
    apply_effects,
    build_facts,
    columns,
    foreign,
    languages,
    metadata,
    own_fields,
    read_golden,
    values,
    write_golden,
)

STAGES = load_stages()
GOLDEN = Path(__file__).parent / "golden"
OWN = tuple(key for stage in STAGES for key in stage.writes)
every_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.job_type)
facts_of_all_kinds = st.builds(
    lambda own, meta, more, **rest: build_facts(own, meta, **more, **rest),
    own_fields(OWN),
    foreign,
    columns,
    metadata=metadata,
    language=languages,
    unreadable=st.none() | st.just("empty"),
)


def _golden(stage: Stage[Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / f"{stage.job_type}.json").read_bytes())
    return loaded


def _answer(stage: Stage[Any]) -> Any:
    return stage.Answer.model_validate(_golden(stage)["answer"])


def _is_read(stage: Stage[Any], key: str) -> bool:
    return key in stage.reads or ("scan.*" in stage.reads and key.startswith("scan."))


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
    facts = read_golden(golden["facts"])
    assert stage.condition(facts) == Due()
    assert stage.decide(facts) is None
    lead = golden["prompt"]
    assert stage.prompt(facts).task.split("\n")[: len(lead)] == lead
    answer = parse_answer(stage, facts, json.dumps(golden["answer"]))
    assert write_golden(stage.effects(facts, answer)) == golden["effects"]
    assert stage.check(facts, answer) == answer, "a checked answer is clean"


@every_stage
@given(facts=facts_of_all_kinds)
def test_the_condition_is_total(stage: Stage[Any], facts: MediaFacts) -> None:
    verdict = stage.condition(facts)
    assert isinstance(verdict, Due | Satisfied | Impossible | Awaiting)
    if stage.needs_picture and facts.unreadable is not None:
        # What says something of other media is emptied first.
        assert verdict == Impossible("unreadable_picture") or (verdict == Due() and PAIRS in stage.reads)


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
def test_effects_stay_within_what_the_stage_writes_and_are_as_their_schemas_say(
    stage: Stage[Any], facts: MediaFacts
) -> None:
    for effects in (stage.effects(facts, _answer(stage)), stage.decide(facts) or ()):
        put = {effect.key: effect.value for effect in effects if isinstance(effect, PutMeta)}
        assert set(put) <= set(stage.writes)
        assert len(put) == sum(isinstance(effect, PutMeta) for effect in effects)
        for key, value in put.items():
            validator(key).validate({**value, "run": 1} if isinstance(value, dict) else value)


@every_stage
@given(facts=facts_of_all_kinds)
def test_a_due_stage_is_done_once_its_effects_are_written(stage: Stage[Any], facts: MediaFacts) -> None:
    if stage.condition(facts) != Due():
        return
    effects = stage.decide(facts) or stage.effects(facts, _answer(stage))
    after = apply_effects(facts, effects)
    assert after != facts
    done: set[Condition] = {Satisfied("present")}
    if PAIRS in stage.reads:
        # The others are gone, or one of them is still to ask: then this medium is told again.
        done |= {Impossible("no_candidates"), Impossible("unreadable_picture"), Awaiting("referee")}
    assert stage.condition(after) in done
    assert take_fingerprint(stage, after) == take_fingerprint(stage, facts)


@every_stage
@given(data=st.data())
def test_a_stage_looks_only_at_what_it_names_and_at_its_upstreams(stage: Stage[Any], data: st.DataObject) -> None:
    """Two media that differ only in what the stage must not look at are the same to it."""
    # What is derived from other media is compared with what is written.
    visible = _visible(stage) | set(stage.writes if PAIRS in stage.reads else ())
    own = data.draw(own_fields(OWN))
    shared, seen = data.draw(foreign), data.draw(columns)
    twins = []
    for _ in range(2):
        fields = {
            key: field
            # A missing kept value has no other value to take.
            if key in visible or (field.standing is Standing.KEPT and field.value is None)
            else Field(field.standing, data.draw(values.filter(lambda value: value is not None)))
            for key, field in own.items()
        }
        meta = {key: value for key, value in shared.items() if _is_read(stage, key)} | {
            key: value for key, value in data.draw(foreign).items() if not _is_read(stage, key)
        }
        twins.append(build_facts(fields, meta, **seen))
    one, other = twins
    assert stage.condition(one) == stage.condition(other)
    assert stage.triggers(one) == stage.triggers(other)
    assert stage.decide(one) == stage.decide(other)
    assert stage.prompt(one) == stage.prompt(other)
    assert stage.effects(one, _answer(stage)) == stage.effects(other, _answer(stage))


@every_stage
@given(shared=foreign, one=own_fields(OWN), other=own_fields(OWN))
def test_triggers_look_at_no_answer(
    stage: Stage[Any], shared: dict[str, Any], one: dict[str, Field], other: dict[str, Field]
) -> None:
    assert stage.triggers(build_facts(one, shared)) == stage.triggers(build_facts(other, shared))
