"""What `bildwerk replay` refuses, as a process; what it does is shown where a broker is."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from bildwerk.cli.moments import read_moment, show_milliseconds, to_milliseconds
from bildwerk.cli.problem import Problem
from bildwerk.cli.replay import Again
from bildwerk.replay_words import describe
from consumers.replay import Tally
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk


def again(**given: object) -> Again:
    plain = {"failed": False, "stale": False, "force": False, "force_id": "a", "job_types": (), "cascade": False}
    return Again(**plain | given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"failed": True, "force": True}, "choose one"),
        ({"stale": True, "force": True}, "choose one"),
        ({"job_types": ("ollama_caption",)}, "--job-type goes with"),
        ({"cascade": True}, "--cascade goes with"),
        ({"failed": True, "cascade": True}, "--cascade goes with"),
        ({"force": True, "force_id": ""}, "--force-id has up to 64"),
        ({"force": True, "force_id": "a\x1b"}, "--force-id has up to 64"),
        ({"force": True, "job_types": ("caption",)}, "there is no job type caption: they are ollama_caption"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], line: str) -> None:
    with pytest.raises(Problem, match=line):
        again(**given).check()


@pytest.mark.parametrize(
    "given", [{}, {"failed": True, "job_types": ("ollama_title",)}, {"stale": True, "cascade": True}, {"force": True}]
)
def test_what_makes_sense_is_not(given: dict[str, object]) -> None:
    again(**given).check()


async def test_topics_that_are_not_read_are_named_and_so_is_a_broker_that_is_away(
    bildwerk: Bildwerk, database: str
) -> None:
    variables = {**NOWHERE, "DATABASE_URL": database}
    letters = await bildwerk("replay", "--topic", "bildwerk.dead-letter", **variables)
    other = await bildwerk("replay", "--topic", "media.deleted", **variables)
    away = await bildwerk("replay", "--topic", "media.created", **variables)
    unknown = await bildwerk("replay", "--topic", "media.created", "--stale", **variables)

    assert [said.status for said in (letters, other, away, unknown)] == [1, 1, 1, 1]
    assert letters.lines == ["bildwerk: dead letters are tried again by `bildwerk dead-letters retry`"]
    assert "topics are media.created, media.updated, stage.completed" in other.lines[0]
    assert "Kafka at 127.0.0.1:1 does not answer" in away.lines[-1]
    assert "no Ollama host can say which it has" in unknown.lines[1]


def test_moments_have_a_zone() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert read_moment("2026-05-01") == noon - timedelta(hours=12)
    assert read_moment("2026-05-01T12:00") == read_moment("2026-05-01T14:00+02:00") == noon
    assert timedelta(hours=23, minutes=59) < datetime.now(UTC) - read_moment("24h") < timedelta(hours=25)
    assert to_milliseconds(noon) == noon.timestamp() * 1000
    for text in ("noon", "999999d", "2026-13-01"):
        with pytest.raises(typer.BadParameter, match="no moment"):
            read_moment(text)


@pytest.mark.parametrize(("moment", "shown"), [(0, "1970-01-01 00:00:00Z"), (-1, "-"), (2**62, "-")])
def test_a_timestamp_that_no_calendar_knows_is_a_dash(moment: int, shown: str) -> None:
    assert show_milliseconds(moment) == shown


def test_what_there_is_none_of_is_not_told() -> None:
    assert list(describe(Tally(), dry=False)) == ["0 events read", "0 media planned, 0 changed, 0 due, 0 looked at"]
    tally = Tally(events=9, outside=2, ignored=1, echoes=1, media=5, unknown=1, changed=3, due=2, missing=1, errors=1)
    tally.undecodable.update(not_json=2)
    tally.jobs.update(ollama_title=3)
    assert list(describe(tally, dry=True)) == [
        (
            "9 events read, 2 of other media or times, 2 not understood (2 not_json), 1 none of ours, 1 of our own with"
            " nothing new"
        ),
        (
            "5 media would be planned, 1 of them new to the ledger, 3 would be changed, 2 would be due, 0 would be"
            " looked at, 1 not on the platform, 1 cannot be planned"
        ),
        "3 jobs would be done again: 3 ollama_title",
    ]
