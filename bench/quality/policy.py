"""What rules decide of every combination of their inputs, that nothing worse is judged milder, and how fast.

The default rules meet every combination of one reading per step of each input: the best value, the value of each limit,
and none; where there may be several sources, also one that is unreadable and two that disagree. Random rules meet
random readings.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from pydantic import JsonValue

from bench.quality.parts import Part, Plan, Section, Table
from contracts.facts import MediaFacts, Written
from contracts.verdicts import Status, Verdict
from handlers.policy.decision import Decision, decide
from handlers.policy.inputs import Reading
from handlers.policy.policy import Clause, Outcome, Policy, Rule
from handlers.policy.rule_file import default_policy
from handlers.policy.vocabulary import NSFW, SCALES, STATUS, Value, find_scale
from handlers.redecision import redecide
from handlers.stages.policy_flags import PolicyFlagsStage

MEDIA: Final = 10_000
RULE_FILES: Final = 500
PAIRS: Final = 50
"""Random readings, and worse ones, that each random rule file meets."""
NAMES: Final = (*SCALES, "defects.hands", "defects.watermark")
STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SEVERAL: Final = (NSFW, STATUS)
"""The inputs with more than one source."""


def evaluate(plan: Plan) -> Section:
    """Count, check and time; the time is another one in each run, so it is in the JSON only."""
    policy = default_policy()
    table = _enumerate(replace(policy, rules=policy.rules[:3]) if plan.quick else policy, plan)
    files = 20 if plan.quick else RULE_FILES
    draw = random.Random(7)
    random_checks = sum(_check_random(draw) for _ in range(files))
    seconds = _time(policy, MEDIA // 100 if plan.quick else MEDIA)
    rows = [
        ("combinations of inputs, default rules", f"{table['combinations']:,}", "each has one decision"),
        (
            "of them publishable, or to be looked at a second time",
            f"{table['pass']:,}",
            "no input missing or unreadable",
        ),
        ("one input made one step worse, default rules", f"{table['worse']:,}", f"{table['milder']} milder"),
        ("one input taken away, default rules", f"{table['removed']:,}", f"{table['published']} became publishable"),
        ("random rule files with random readings made worse", f"{files:,} x {PAIRS}", f"{random_checks} milder"),
    ]
    return Section(
        [Table("Decisions by rules", ("what", "how many", "found"), rows)], figures={**table, "seconds": seconds}
    )


def _enumerate(policy: Policy, plan: Plan) -> Counter[str]:
    """Every combination, each compared with those in which one input is a step worse, or gone."""
    steps = {name: list(_steps(policy, name)) for name in policy.inputs}
    names, found = list(steps), Counter[str]()
    places = list(product(*(range(len(steps[name])) for name in names)))
    decided: dict[tuple[int, ...], Decision] = {}
    for done, place in enumerate(places, 1):
        decided[place] = decide(policy, {name: steps[name][at] for name, at in zip(names, place, strict=True)})
        if done % 1000 == 0:
            plan.advance(done, len(places))
    for place, decision in decided.items():
        found["combinations"] += 1
        found["pass"] += decision.publishable
        for number, at in enumerate(place):
            gone = decided[(*place[:number], len(steps[names[number]]) - 1, *place[number + 1 :])]
            found["removed"] += 1
            found["published"] += gone.publishable
            if at + 1 < _readable(steps[names[number]]):
                worse = decided[(*place[:number], at + 1, *place[number + 1 :])]
                found["worse"] += 1
                found["milder"] += worse.outcome < decision.outcome
    return found


def _steps(policy: Policy, name: str) -> Iterator[Reading]:
    """Readings of one input from good to bad, then disagreeing and unreadable ones, and last of all none."""
    values = _values(policy, name)
    for value in values:
        yield Reading({"one": value})
    if name in SEVERAL:
        yield Reading({"one": values[0], "two": values[-1]})
        yield Reading({"one": values[0]}, ("two",))
    yield Reading()


def _readable(readings: Sequence[Reading]) -> int:
    return sum(len(reading.sources) == 1 and not reading.unreadable for reading in readings)


def _values(policy: Policy, name: str) -> list[Value]:
    """The best value and that of every limit, from good to bad."""
    scale = find_scale(name)
    assert scale is not None
    limits = {clause.limits[name] for rule in policy.rules for clause in rule.clauses if name in clause.limits}
    best: Value = scale.words[0] if scale.words else float(scale.low_is_bad)
    return sorted({best, *limits}, key=scale.badness)


def _check_random(draw: random.Random) -> int:
    """How often a random policy was milder to worse readings."""
    policy = Policy("1", tuple(_rule(draw, number) for number in range(draw.randint(1, 5))))
    return sum(_is_milder(draw, policy) for _ in range(PAIRS))


def _rule(draw: random.Random, number: int) -> Rule:
    outcomes = draw.sample([Outcome.SECOND_LOOK, Outcome.REVIEW, Outcome.BLOCK], draw.randint(1, 3))
    clauses = tuple(Clause(o, {n: _value(draw, n) for n in draw.sample(NAMES, draw.randint(1, 3))}) for o in outcomes)
    return Rule(f"rule_{number}", "", clauses, draw.choice([Outcome.REVIEW, Outcome.BLOCK]))


def _value(draw: random.Random, name: str) -> Value:
    scale = find_scale(name)
    assert scale is not None
    choices: Sequence[Value] = scale.words or STEPS
    return draw.choice(choices)


def _is_milder(draw: random.Random, policy: Policy) -> bool:
    readings = {name: _reading(draw, name) for name in policy.inputs}
    worse = {name: _worsen(draw, name, reading) for name, reading in readings.items()}
    return decide(policy, worse).outcome < decide(policy, readings).outcome


def _reading(draw: random.Random, name: str) -> Reading:
    sources = {source: _value(draw, name) for source in ("one", "two")[: draw.randint(0, 2)]}
    return Reading(sources, draw.choice([(), (), ("three",)]))


def _worsen(draw: random.Random, name: str, reading: Reading) -> Reading:
    scale = find_scale(name)
    assert scale is not None
    sources = {s: max(value, _value(draw, name), key=scale.badness) for s, value in reading.sources.items()}
    return Reading(sources, reading.unreadable or draw.choice([(), ("three",)]))


def _time(policy: Policy, media: int) -> float:
    """Seconds for what `policy apply` computes for so many media that were decided on before."""
    stage, done = PolicyFlagsStage(policy), Verdict(Status.DONE)
    facts = [_facts(number) for number in range(media)]
    began = time.perf_counter()
    for each in facts:
        redecide(stage, each, done)
    return time.perf_counter() - began


def _facts(number: int) -> MediaFacts:
    axes: dict[str, JsonValue] = {
        axis: {"score": 0.75, "level": "good"} for axis in ("aesthetic", "completeness", "compliance")
    }
    ours: dict[str, JsonValue] = {
        "ollama.quality": {"status": "ok", "grade": "A", "score": 0.9, "defects": []},
        "ollama.scores": axes,
    }
    written = {key: Written(value, "f") for key, value in ours.items()}
    meta = {**ours, "scan.nsfw_score": number % 20 / 50}
    return MediaFacts(number, mark="m", inspected_mark="m", content_hash="f", meta=meta, written=written)


PART = Part("policy", "what rules decide of every combination of their inputs", evaluate)
