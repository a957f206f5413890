"""The rules' decision: complete, explained, and never milder for worse inputs."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy.decision import Decision, decide
from handlers.policy.inputs import Reading
from handlers.policy.policy import Clause, Outcome, Policy, Rule
from handlers.policy.rule_file import default_policy
from handlers.policy.vocabulary import Value
from tests.handlers.policy.generated_policies import NAMES, inputs, policies, worsen

PASS, SECOND_LOOK, REVIEW, BLOCK = Outcome
# What the default rules are to say of one input each: a value on both sides of every limit, and on it.
NSFW = {
    None: REVIEW, 0.19: PASS, 0.2: SECOND_LOOK, 0.39: SECOND_LOOK, 0.4: REVIEW, 0.79: REVIEW, 0.8: BLOCK,
}  # fmt: skip
STATUS = {None: REVIEW, "ok": PASS, "review": REVIEW, "defect": BLOCK}
WATERMARK = {None: REVIEW, 0.09: PASS, 0.1: SECOND_LOOK, 0.39: SECOND_LOOK, 0.4: REVIEW}
COMPLIANCE = {None: REVIEW, 0.51: PASS, 0.5: SECOND_LOOK, 0.36: SECOND_LOOK, 0.35: REVIEW, 0.11: REVIEW, 0.1: BLOCK}
COMPLETENESS = {None: REVIEW, 0.36: PASS, 0.35: SECOND_LOOK, 0.11: SECOND_LOOK, 0.1: REVIEW}
LOOKS = {
    (None, None): REVIEW, (None, 0.6): REVIEW, (0.35, None): REVIEW, (0.36, 0.61): PASS, (0.35, 0.61): PASS,
    (0.36, 0.6): PASS, (0.35, 0.6): SECOND_LOOK,
}  # fmt: skip


def _reading(value: Value | None) -> Reading:
    return Reading({} if value is None else {"source": value})


def test_the_decision_table_of_the_default_rules_is_complete() -> None:
    policy, seen = default_policy(), 0
    assert set(policy.inputs) == {
        "nsfw", "quality.status", "defects.watermark", "scores.compliance", "scores.completeness", "scores.aesthetic",
        "quality.score",
    }  # fmt: skip
    for nsfw, status, watermark, compliance, completeness, looks in product(
        NSFW, STATUS, WATERMARK, COMPLIANCE, COMPLETENESS, LOOKS
    ):
        found = decide(
            policy,
            {
                "nsfw": _reading(nsfw),
                "quality.status": _reading(status),
                "defects.watermark": _reading(watermark),
                "scores.compliance": _reading(compliance),
                "scores.completeness": _reading(completeness),
                "scores.aesthetic": _reading(looks[0]),
                "quality.score": _reading(looks[1]),
            },
        )
        said = (
            NSFW[nsfw], STATUS[status], WATERMARK[watermark], COMPLIANCE[compliance], COMPLETENESS[completeness],
            LOOKS[looks],
        )  # fmt: skip
        assert tuple(finding.outcome for finding in found.findings) == said
        assert found.outcome == max(said)
        assert found.publishable == (max(said) < REVIEW)
        assert found.needs_review == (
            REVIEW in said or None in (nsfw, status, watermark, compliance, completeness, *looks)
        )
        assert (found.blocked_reason is not None) == (BLOCK in said)
        assert bool(found.undecided) == (max(said) is SECOND_LOOK)
        seen += 1
    assert seen == 7 * 4 * 5 * 7 * 5 * 7


@given(policy=policies, given_inputs=inputs(), others=inputs())
def test_a_worse_input_never_makes_a_decision_milder(
    policy: Policy, given_inputs: dict[str, Reading], others: dict[str, Reading]
) -> None:
    worse = {name: worsen(name, reading, others[name]) for name, reading in given_inputs.items()}
    before, after = decide(policy, given_inputs), decide(policy, worse)
    assert after.outcome >= before.outcome
    assert after.publishable <= before.publishable
    for old, new in zip(before.findings, after.findings, strict=True):
        assert new.outcome >= old.outcome


@given(policy=policies, given_inputs=inputs(), removed=st.sets(st.sampled_from(NAMES), min_size=1))
def test_an_input_that_goes_missing_never_makes_a_picture_publishable(
    policy: Policy, given_inputs: dict[str, Reading], removed: set[str]
) -> None:
    less = {name: Reading() if name in removed else reading for name, reading in given_inputs.items()}
    before, after = decide(policy, given_inputs), decide(policy, less)
    # A block whose evidence is gone is a review: nobody can say any more what it rested on.
    assert after.outcome >= min(before.outcome, REVIEW)
    looked_at = removed.intersection(policy.inputs)
    if looked_at:
        assert after.needs_review
        assert not after.publishable


@given(policy=policies, given_inputs=inputs(), removed=st.sets(st.sampled_from(NAMES), min_size=1))
def test_with_missing_block_not_even_a_block_becomes_a_review(
    policy: Policy, given_inputs: dict[str, Reading], removed: set[str]
) -> None:
    strict = replace(policy, rules=tuple(replace(rule, missing=BLOCK) for rule in policy.rules))
    less = {name: Reading() if name in removed else reading for name, reading in given_inputs.items()}
    assert decide(strict, less).outcome >= decide(strict, given_inputs).outcome


@given(policy=policies, given_inputs=inputs(), objection=st.sampled_from([PASS, REVIEW, BLOCK]))
def test_the_model_can_only_make_a_decision_stricter(
    policy: Policy, given_inputs: dict[str, Reading], objection: Outcome
) -> None:
    before = decide(policy, given_inputs)
    after = replace(before, objection=objection)
    assert after.outcome == max(before.outcome, objection)
    assert after.publishable <= before.publishable
    assert after.needs_review >= before.needs_review or after.outcome is BLOCK


@given(policy=policies, given_inputs=inputs())
def test_a_person_is_asked_whenever_sources_disagree_or_cannot_be_read(
    policy: Policy, given_inputs: dict[str, Reading]
) -> None:
    found = decide(policy, given_inputs)
    for finding in found.findings:
        if finding.conflict or finding.unreadable or finding.missing:
            assert finding.outcome >= REVIEW
            assert found.needs_review
            assert not found.publishable


NUDITY = Rule("nudity", "because", (Clause(REVIEW, {"nsfw": 0.5}), Clause(BLOCK, {"nsfw": 0.9})))


@pytest.mark.parametrize(
    ("sources", "outcome", "conflict"),
    [
        ({"scan.nsfw": 0.0, "detector": 0.49}, PASS, False),
        ({"scan.nsfw": 0.0, "detector": 0.7}, REVIEW, True),
        ({"scan.nsfw": 1.0, "detector": 0.1}, BLOCK, True),
        ({"scan.nsfw": 0.6, "detector": 0.95}, BLOCK, True),
        ({"scan.nsfw": 1.0, "detector": 0.95}, BLOCK, False),
        ({"scan.nsfw": 0.5, "detector": 0.6}, REVIEW, False),
    ],
)
def test_the_worst_source_counts_and_disagreement_is_named(
    sources: dict[str, Value], outcome: Outcome, conflict: bool
) -> None:
    found = decide(Policy("1", (NUDITY,)), {"nsfw": Reading(sources)})
    assert found.outcome is outcome
    assert found.findings[0].conflict is conflict
    assert found.needs_review == (conflict or outcome is REVIEW)


def test_a_source_that_cannot_be_read_is_reviewed_whatever_the_others_say() -> None:
    policy = Policy("1", (NUDITY,))
    assert decide(policy, {"nsfw": Reading({"detector": 0.0}, ("scan.nsfw",))}).outcome is REVIEW
    blocked = decide(policy, {"nsfw": Reading({"detector": 1.0}, ("scan.nsfw",))})
    assert blocked.outcome is BLOCK
    assert blocked.needs_review


def test_the_first_rule_that_blocks_gives_the_reason_and_the_model_is_named_when_it_does() -> None:
    rules = tuple(
        replace(NUDITY, id=name, clauses=(Clause(BLOCK, {"nsfw": at}),)) for name, at in (("a", 0.9), ("b", 0.5))
    )
    assert decide(Policy("1", rules), {"nsfw": Reading({"x": 0.6})}).blocked_reason == "b"
    assert decide(Policy("1", rules), {"nsfw": Reading({"x": 0.9})}).blocked_reason == "a"
    passed = decide(Policy("1", rules), {"nsfw": Reading({"x": 0.1})})
    assert passed.blocked_reason is None
    assert replace(passed, objection=BLOCK).blocked_reason == "second_look"


def test_no_rule_at_all_decides_nothing() -> None:
    assert Decision(()).needs_review
    assert not Decision(()).publishable
