"""Rule files: what they may say, and what their mistakes are called."""

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.policy.policy import Clause, Outcome
from handlers.policy.rule_file import BadRules, default_policy, load_rules, parse_rules

RULE = 'version = "2"\n[[rule]]\nid = "nudity"\nreason = "nudity"\n'


def test_limits_are_read_with_and_without_quotation_marks() -> None:
    policy = parse_rules(
        RULE
        + 'missing = "block"\nsecond_look = { "quality.score" = 0.5, scores.aesthetic = 1 }\nblock = { nsfw = 0.9 }'
    )
    (rule,) = policy.rules
    assert policy.version == "2"
    assert rule.missing is Outcome.BLOCK
    assert rule.clauses == (
        Clause(Outcome.SECOND_LOOK, {"quality.score": 0.5, "scores.aesthetic": 1.0}),
        Clause(Outcome.BLOCK, {"nsfw": 0.9}),
    )
    assert rule.inputs == ("quality.score", "scores.aesthetic", "nsfw")


def test_the_hash_is_of_what_decides() -> None:
    text = RULE + "block = { nsfw = 0.9 }"
    policy = parse_rules(text)
    assert parse_rules("# a comment\n" + text.replace('"nudity"\nblock', '"other words"\nblock')).hash == policy.hash
    assert parse_rules(text.replace("0.9", "0.8")).hash != policy.hash
    assert parse_rules(text.replace("block", "review")).hash != policy.hash
    assert replace(policy, version="3").hash == policy.hash


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version = ", "the rule file is not TOML: "),
        ("[[rule]]", "version is missing or no short word"),
        ('version = "1"', "there is no [[rule]]"),
        ('version = "1"\nrule = []', "there is no [[rule]]"),
        ('version = "1"\nrule = [1]', "there is no [[rule]]"),
        (f"extra = 1\n{RULE}block = {{ nsfw = 1 }}", "'extra' is not known at the top"),
        (f"{RULE}blocks = {{ nsfw = 0.9 }}", "rule 1 (nudity): 'blocks' is not known"),
        (RULE, "rule 1 (nudity): it says nothing"),
        ('version = "1"\n[[rule]]\nreason = "x"\nblock = { nsfw = 1 }', "rule 1: id is missing or no snake_case word"),
        (RULE.replace('"nudity"\nreason', '"second_look"\nreason') + "block = { nsfw = 1 }", "stands for the model's"),
        (RULE.replace('reason = "nudity"', "") + "block = { nsfw = 1 }", "reason is missing"),
        (RULE.replace('reason = "nudity"', 'reason = "a\\nb"') + "block = { nsfw = 1 }", "reason is missing, or not"),
        (RULE.replace('reason = "nudity"', 'reason = "[img]"') + "block = { nsfw = 1 }", "reason is missing, or not"),
        (f'{RULE}missing = "pass"\nblock = {{ nsfw = 1 }}', "missing must be review or block"),
        (f"{RULE}pass = {{ nsfw = 1 }}", "'pass' is not known"),
        (f"{RULE}block = 0.9", "block: must be a table of inputs"),
        (f"{RULE}block = {{}}", "block: must be a table of inputs"),
        (f"{RULE}block = {{ nswf = 0.9 }}", "there is no input nswf"),
        (f"{RULE}block = {{ scores.beauty = 0.9 }}", "there is no input scores.beauty"),
        (f"{RULE}block = {{ defects.blurr = 0.9 }}", "there is no input defects.blurr: inputs are nsfw, "),
        (f"{RULE}block = {{ nsfw = 90 }}", "the limit of nsfw must be a number of 0 to 1"),
        (f"{RULE}block = {{ nsfw = true }}", "the limit of nsfw must be a number of 0 to 1"),
        (f"{RULE}block = {{ nsfw = nan }}", "the limit of nsfw must be a number of 0 to 1"),
        (f'{RULE}block = {{ quality.grade = "D" }}', "the limit of quality.grade must be one of A, B, C"),
        (f"{RULE}review = {{ nsfw = 0.9 }}\nblock = {{ nsfw = 0.8 }}", "review never happens, because block is"),
        (
            f'{RULE}second_look = {{ scores.novelty = 0.2, quality.grade = "B" }}\nreview = {{ scores.novelty = 0.3 }}',
            "second_look never happens, because review is reached",
        ),
        (RULE + f"block = {{ nsfw = 1 }}\n{RULE[14:]}block = {{ nsfw = 1 }}", "two rules have the id"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_where(text: str, problem: str) -> None:
    with pytest.raises(BadRules) as caught:
        parse_rules(text)
    assert any(problem in line for line in caught.value.args), caught.value.args
    assert all("\n" not in line for line in caught.value.args)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(BadRules) as caught:
        parse_rules('versoin = "1"\n[[rule]]\nid = "A"\nblock = { nswf = 1, nsfw = 2 }')
    assert len(caught.value.args) == 6


def test_a_file_that_cannot_be_read_is_a_line_too(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'version = "\xe4"')
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    for path, words in ((tmp_path / "none.toml", "cannot be read"), (tmp_path, "cannot be read"), (latin, "UTF-8"),
                        (large, "larger")):  # fmt: skip
        with pytest.raises(BadRules, match=words):
            load_rules(path)


def test_a_copy_of_the_default_file_is_the_default_policy(root_of_policy: Path) -> None:
    assert load_rules(root_of_policy / "rules.toml") == default_policy()
