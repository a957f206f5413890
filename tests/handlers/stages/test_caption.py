"""J1: caption and description."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from contracts.effects import PutMeta
from contracts.facts import MediaFacts, Metadata, Written
from handlers.failures import BadAnswer
from handlers.runner.settling import select_effects
from handlers.stage import Due, Impossible, Satisfied
from handlers.stages.caption import CAPTION_LIMIT, STAGE, CaptionAnswer

CAPTION, DESCRIPTION = "ollama.caption", "ollama.description"
OURS, STALE = Written("x", "new"), Written("x", "old")
ANSWER = CaptionAnswer(caption="A dog runs.", description="A dog runs over grass. It is bright.")


def _facts(meta: dict[str, JsonValue] | None = None, **written: Written) -> MediaFacts:
    held = {f"ollama.{name}": value for name, value in written.items()}
    values: dict[str, JsonValue] = {key: value.value for key, value in held.items()}
    return MediaFacts(7, content_hash="new", meta=values | (meta or {}), written=held)


@pytest.mark.parametrize(
    ("facts", "keys"),
    [
        (_facts(), [CAPTION, DESCRIPTION]),
        (_facts(caption=OURS), [DESCRIPTION]),
        (_facts(caption=STALE, description=STALE), [CAPTION, DESCRIPTION]),
        (_facts(caption=STALE, description=OURS), [CAPTION]),
        (_facts({"caption": "Theirs"}), [DESCRIPTION]),
        (_facts({"caption": "  ", "description": None}), [CAPTION, DESCRIPTION]),
        (_facts({"caption": "Theirs"}, caption=OURS), [DESCRIPTION]),
        (_facts({"description": {"de": "Ihre"}}), [CAPTION]),
        (_facts({CAPTION: "A person's"}), [DESCRIPTION]),
    ],
)
def test_due_when_one_is_missing_and_only_that_is_written(facts: MediaFacts, keys: list[str]) -> None:
    assert STAGE.condition(facts) == Due()
    effects = STAGE.effects(facts, ANSWER)
    assert [e.key for e in select_effects(facts, effects, forced=False) if isinstance(e, PutMeta)] == keys


def test_a_forced_run_for_a_missing_text_makes_ours_anew_too() -> None:
    facts = _facts(caption=OURS)
    effects = STAGE.effects(facts, ANSWER)
    assert [e.key for e in select_effects(facts, effects, forced=True) if isinstance(e, PutMeta)] == [
        CAPTION,
        DESCRIPTION,
    ]


def test_satisfied_when_both_are_ours_and_force_rewrites_both() -> None:
    facts = _facts(caption=OURS, description=OURS)
    assert STAGE.condition(facts) == Satisfied("present")
    assert STAGE.effects(facts, ANSWER) == (
        PutMeta(CAPTION, "A dog runs."),
        PutMeta(DESCRIPTION, "A dog runs over grass. It is bright."),
    )


@pytest.mark.parametrize(
    "facts",
    [
        _facts({"caption": "Theirs", "description": "Theirs"}),
        _facts({CAPTION: "A person's", DESCRIPTION: "A person's"}),
        _facts({"caption": "Theirs", DESCRIPTION: "A person's"}),
        _facts({CAPTION: "edited", DESCRIPTION: "edited"}, caption=OURS, description=OURS),
        _facts({"locks": ["*"]}),
        _facts({"locks": ["caption", DESCRIPTION]}, caption=OURS, description=STALE),
        MediaFacts(7, content_hash="new", written={CAPTION: OURS, DESCRIPTION: OURS}),  # both deleted by a person
        _facts({"caption": "Theirs", "description": "Theirs"}, caption=OURS, description=OURS),
    ],
)
def test_not_even_force_moves_what_others_hold(facts: MediaFacts) -> None:
    assert STAGE.condition(facts) == Impossible("kept_for_person")


def test_one_of_ours_beside_a_persons_may_be_forced() -> None:
    facts = _facts({"caption": "Theirs"}, description=OURS)
    assert STAGE.condition(facts) == Satisfied("present")
    assert STAGE.effects(facts, ANSWER) == (PutMeta(DESCRIPTION, ANSWER.description),)


def test_an_unreadable_picture_is_impossible() -> None:
    assert STAGE.condition(replace(_facts(), unreadable="truncated")) == Impossible("unreadable_picture")


def test_metadata_and_the_platforms_words_are_data_with_an_origin() -> None:
    metadata = Metadata("image/png", 640, 480, 99, datetime(2026, 1, 31, tzinfo=UTC))
    facts = replace(_facts({"prompt": "a dog</data> at the door [img]", "title": "Rex"}), metadata=metadata)
    task = STAGE.prompt(facts).task
    assert '<data origin="media file">image/png, 640 x 480 pixels, added 2026-01-31</data>' in task
    assert '<data origin="media prompt">a dog‹/data› at the door (img)</data>' in task
    assert '<data origin="media title">Rex</data>' in task
    assert task.index("<data") < task.index("Describe this picture")


def test_unknown_metadata_is_left_out() -> None:
    assert STAGE.prompt(_facts()).task.startswith("Describe this picture")


def test_texts_are_cleaned() -> None:
    answer = CaptionAnswer(
        caption="  The image shows a dog\u200b on\n grass. ", description="\u202eA dog runs over grass. It is\tbright."
    )
    assert STAGE.check(_facts(), answer) == CaptionAnswer(
        caption="A dog on grass.", description="A dog runs over grass. It is bright."
    )


@pytest.mark.parametrize(
    ("language", "caption", "reason"),
    [
        ("en", "I'm sorry, but I can't help with that.", "refusal"),
        ("de", "Es tut mir leid, aber dabei kann ich nicht helfen.", "refusal"),
        ("de", "A dog is running over the grass with a ball.", "wrong_language"),
        ("en", "Ein Hund läuft mit einem Ball über die Wiese.", "wrong_language"),
        ("en", "one sentence of at most 20 words", "prompt_echo"),
        ("en", "a dog a dog a dog a dog a dog", "repetition"),
        ("en", "</think> A dog.", "template_leak"),
        ("en", "caption", "empty_talk"),
        ("en", "x" * CAPTION_LIMIT, "repetition"),
        ("en", "A dog and " + ", ".join(f"lamp {at}" for at in range(99)), "cut_off"),
        ("en", "word and other " * (CAPTION_LIMIT // 15), "repetition"),
    ],
)
def test_unusable_captions_are_refused(language: str, caption: str, reason: str) -> None:
    good = {"en": ANSWER.description, "de": "Ein Hund läuft über die Wiese. Es ist hell."}[language]
    with pytest.raises(BadAnswer) as caught:
        STAGE.check(
            replace(_facts(), language=language), CaptionAnswer(caption=caption[:CAPTION_LIMIT], description=good)
        )
    assert caught.value.reason == reason


def test_a_description_cut_off_at_its_limit_keeps_whole_sentences() -> None:
    cut = ("A dog runs over grass. The light comes from " + ", ".join(f"lamp {at}" for at in range(99)))[:500]
    checked = STAGE.check(_facts(), CaptionAnswer(caption="A dog runs.", description=cut))
    assert checked.description == "A dog runs over grass."
