"""The recipe: what shaped an answer, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from handlers.inference.layout import Question, Shown
from handlers.inference.options import InferenceOptions, Layout
from handlers.inference.recipe import recipe
from handlers.stage import Prompt
from handlers.stages.title import STAGE

OPTIONS = InferenceOptions("eye")


def test_same_question_same_recipe_whatever_the_medium(question: Question) -> None:
    other = replace(question, media_id=8, rendition=b"other")
    assert recipe(STAGE, question, "d1", OPTIONS) == recipe(STAGE, other, "d1", OPTIONS)


@pytest.mark.parametrize(
    "changed",
    [{"prompt": Prompt("Else.", 64)}, {"prompt": Prompt("Give a title.", 65)}, {"language": "en"}, {"schema": {}}],
)
def test_a_changed_question_is_another_recipe(question: Question, changed: dict[str, Any]) -> None:
    assert recipe(STAGE, question, "d1", OPTIONS) != recipe(STAGE, replace(question, **changed), "d1", OPTIONS)


@pytest.mark.parametrize(
    "changed",
    [{"num_ctx": 4096}, {"seed": 2}, {"temperature": 0.1}, {"layout": Layout.GENERATE}, {"rendition_policy": "png"}],
)
def test_changed_options_are_another_recipe(question: Question, changed: dict[str, Any]) -> None:
    assert recipe(STAGE, question, "d1", OPTIONS) != recipe(STAGE, question, "d1", replace(OPTIONS, **changed))


def test_the_digest_counts_and_the_models_name_does_not(question: Question) -> None:
    renamed = replace(question, model="eye:copy")
    assert recipe(STAGE, question, "d1", OPTIONS) == recipe(STAGE, renamed, "d1", OPTIONS)
    assert recipe(STAGE, question, "d1", OPTIONS) != recipe(STAGE, question, "d2", OPTIONS)
    assert recipe(STAGE, question, None, OPTIONS) != recipe(STAGE, renamed, None, OPTIONS)


def test_of_other_pictures_only_their_number_counts(question: Question) -> None:
    one, other = (replace(question, companions=(Shown("A", picture),)) for picture in (b"one", b"other"))
    two = replace(question, companions=(Shown("A", b"one"), Shown("B", b"two")))
    assert recipe(STAGE, one, "d1", OPTIONS) == recipe(STAGE, other, "d1", OPTIONS)
    assert len({recipe(STAGE, asked, "d1", OPTIONS) for asked in (question, one, two)}) == 3


def test_where_there_are_none_the_recipe_is_what_it_always_was(question: Question) -> None:
    """Computed when no question had other pictures; only a changed constant text may change it."""
    known = "b1bf83602dc0f7088476de29009ff909fc417eca13319f99ba2274d31fa51029"
    assert recipe(STAGE, question, "d1", OPTIONS) == known
