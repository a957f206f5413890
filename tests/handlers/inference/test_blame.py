"""Whose fault a time-out is, decided without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.inference import blame
from handlers.inference.blame import Blame

HOST, OTHER_HOST = "gpu1", "gpu2"
CAPTION, TITLE, TAGS = "ollama_caption", "ollama_title", "ollama_tags_normalize"
MINE, THEIRS = (HOST, 7, CAPTION), (HOST, 8, CAPTION)


def test_a_host_that_answers_nobody_is_to_blame_however_often() -> None:
    """One that answered before, too: it hangs now."""
    judge = Blame()
    judge.answer(THEIRS, 1.0)
    assert [judge.time_out(MINE, began, began + 5) for began in (2.0, 8.0, 14.0)] == [False] * 3


def test_a_job_is_to_blame_when_others_were_answered_during_its_call() -> None:
    judge = Blame()
    judge.answer(THEIRS, 3.0)
    assert judge.time_out(MINE, 2.0, 5.0)
    assert not judge.time_out(THEIRS, 4.0, 7.0)


def test_a_job_is_to_blame_when_others_were_answered_since_its_first_call() -> None:
    """For good: when all others are done there is nobody left to be asked."""
    judge = Blame()
    assert not judge.time_out(MINE, 1.0, 2.0)
    judge.answer(THEIRS, 3.0)
    assert [judge.time_out(MINE, began, began + 1) for began in (4.0, 6.0, 8.0)] == [True] * 3


def test_an_outage_that_begins_during_calls_is_charged_once_at_most() -> None:
    """With several slots others were answered during the first call; nobody was after it."""
    judge = Blame()
    judge.answer(THEIRS, 3.0)
    assert [judge.time_out(MINE, began, began + 5) for began in (2.0, 8.0, 14.0)] == [True, False, False]


def test_a_day_later_it_may_be_another_outage() -> None:
    """Somebody else may have done that job meanwhile: this process never hears of it."""
    judge, day = Blame(), blame.FORGIVEN
    assert not judge.time_out(MINE, 1.0, 2.0)
    judge.answer(THEIRS, 3.0)
    assert not judge.time_out(MINE, day + 3.0, day + 9.0)
    judge.answer(THEIRS, day + 10.0)
    assert judge.time_out(MINE, day + 11.0, day + 12.0), "it is remembered anew"


@pytest.mark.parametrize("asked", [CAPTION, f"{CAPTION},{TITLE}"])
@pytest.mark.parametrize("answered", [CAPTION, f"{CAPTION},{TITLE}", f"{TAGS},{CAPTION}"])
def test_an_answer_wipes_the_slate(asked: str, answered: str) -> None:
    judge = Blame()
    judge.time_out((HOST, 7, asked), 1.0, 2.0)
    judge.answer((HOST, 7, answered), 3.0)
    judge.answer(THEIRS, 4.0)
    assert not judge.time_out((HOST, 7, asked), 5.0, 6.0)


def test_an_answer_to_another_job_of_the_medium_is_one_to_somebody_else() -> None:
    judge = Blame()
    judge.time_out(MINE, 1.0, 2.0)
    judge.answer((HOST, 7, TITLE), 3.0)
    assert judge.time_out(MINE, 4.0, 5.0)


def test_what_a_fused_call_came_to_counts_for_its_jobs_and_hosts_apart() -> None:
    judge = Blame()
    judge.time_out((HOST, 7, f"{CAPTION},{TITLE}"), 1.0, 2.0)
    judge.answer(THEIRS, 3.0)
    judge.answer((OTHER_HOST, 8, CAPTION), 3.0)
    assert judge.time_out(MINE, 4.0, 5.0)
    assert judge.time_out((HOST, 7, TITLE), 6.0, 7.0)
    assert not judge.time_out((OTHER_HOST, 7, CAPTION), 4.0, 5.0)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_no_more_media_are_remembered_than_there_is_room_for(media: list[int]) -> None:
    judge = Blame()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blame, "REMEMBERED", 5)
        for moment, media_id in enumerate(media):
            judge.time_out((HOST, media_id, CAPTION), moment, moment)
    assert len(judge._waited) <= 5
    assert (HOST, media[-1]) in judge._waited
