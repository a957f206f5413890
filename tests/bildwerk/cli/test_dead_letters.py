"""`bildwerk dead-letters` as a process, without any service running but PostgreSQL."""

import json

import pytest

from bildwerk.cli.naming import escaped
from contracts.dead_letters import DeadLetter, Origin, bound
from db import dead_letters, intake_stop
from db.intake_stop import IntakeStop
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk, Said
from tests.ledger import Ledger

EVIL = "\x1b]0;owned\x07\x1b[2J\u202eevil\r\n\x9b31m"


@pytest.fixture
async def letters(ledger: Ledger) -> Ledger:
    """Return a ledger with five dead letters, which have the ids 1 to 5."""
    place = ("media.updated", 0)
    good, evil = b'{"media_id": 5}', EVIL.encode()
    await dead_letters.bury(
        ledger.pool,
        [
            DeadLetter(
                bound((*place, 1, 1_700_000_000_000), b"k\x1b", b"rubbish\n" + evil, [(EVIL, b"v" + evil)]),
                "not_json",
                EVIL,
            ),
            DeadLetter(bound((*place, 2, 5), None, b"rubbish"), "not_json", "Expecting value"),
            DeadLetter(bound((*place, 3, 5), None, None), "tombstone"),
            DeadLetter(bound((*place, 4, 5), None, good), "media_missing", "media_id 5"),
            DeadLetter(Origin("stage.completed", -1, 9, 5, None, b"{}", 2, "0" * 64), "refused_by_broker"),
        ],
    )  # fmt: skip
    return ledger


@pytest.fixture
def variables(database: str) -> dict[str, str]:
    """Return variables that point at the test's database, and at no broker."""
    return {**NOWHERE, "DATABASE_URL": database}


async def left(ledger: Ledger) -> list[int]:
    return [row["id"] for row in await ledger.pool.fetch("SELECT id FROM bildwerk.dead_letters ORDER BY id")]


def harmless(said: Said) -> bool:
    """Whether there is nothing in it that a terminal obeys."""
    return all(line.isprintable() for line in (said.out + said.err).split("\n"))


async def test_they_are_counted_by_reason_and_the_newest_are_shown(
    bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]
) -> None:
    said = await bildwerk("dead-letters", "list", "--limit", 2, **variables)

    lines = said.out.splitlines()
    assert said.status == 0
    assert lines[0].split()[:3] == ["2", "not_json:", "the"]
    assert {line.split()[1] for line in lines[1:4]} == {"tombstone:", "media_missing:", "refused_by_broker:"}
    assert [line.split()[0] for line in lines[5:]] == ["5", "4"]
    assert "media.updated/0/4  media_missing: media_id 5" in lines[6]

    some = await bildwerk("dead-letters", "list", "--reason", "not_json", "--json", **variables)
    told = json.loads(some.out)
    assert [(group["reason"], group["number"]) for group in told["reasons"]] == [("not_json", 2)]
    assert [(letter["id"], letter["offset"]) for letter in told["newest"]] == [(2, 2), (1, 1)]
    assert "value" not in told["newest"][0]
    none = await bildwerk("dead-letters", "list", "--until", "2020-01-01", **variables)
    assert none.lines == ["there are no dead letters"]
    assert len(await left(letters)) == 5


@pytest.mark.usefixtures("letters")
async def test_what_a_stranger_sent_does_nothing_to_a_terminal(bildwerk: Bildwerk, variables: dict[str, str]) -> None:
    """Escaped, so that nothing of it is lost."""
    listed = await bildwerk("dead-letters", "list", **variables)
    shown = await bildwerk("dead-letters", "show", 1, **variables)
    whole = await bildwerk("dead-letters", "show", 1, "--value", **variables)

    for said in (listed, shown, whole):
        assert said.status == 0
        assert harmless(said)
    assert r"\x1b]0;owned\x07\x1b[2J\u202eevil\r\n\x9b31m" in shown.out
    assert "rubbish" not in shown.out
    assert r"rubbish\n\x1b]0;owned" in whole.out.splitlines()[-1]
    assert "topic media.updated, partition 0, offset 1" in shown.out
    assert "sent at 2023-11-14 22:13:20Z" in shown.out
    told = json.loads((await bildwerk("dead-letters", "show", 1, "--value", "--json", **variables)).out)
    assert (told["reason"], told["detail"]) == ("not_json", EVIL)


def test_escaping_keeps_text_that_is_for_people() -> None:
    assert escaped('{"title": "Größe 日本 🐈"}') == '{"title": "Größe 日本 🐈"}'
    assert escaped("\t\u200b\U000e0001") == r"\t\u200b\U000e0001"


async def test_a_letter_that_is_not_there_is_named(bildwerk: Bildwerk, variables: dict[str, str]) -> None:
    said = await bildwerk("dead-letters", "show", 77, **variables)

    assert said.status == 1
    assert "there is no dead letter 77" in said.lines[0]


async def test_they_are_tried_again_and_what_stays_is_told(
    bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]
) -> None:
    dry = await bildwerk("dead-letters", "retry", "--all", "--dry-run", **variables)
    assert (dry.status, dry.lines[0]) == (0, "1 dead letters would be taken out: 1 would be planned")
    assert await left(letters) == [1, 2, 3, 4, 5]

    said = await bildwerk("dead-letters", "retry", "--all", **variables)
    assert said.status == 1, "some are still to be mended"
    assert said.lines == [
        "1 dead letters taken out: 1 planned",
        "2 stay: the value is not JSON (not_json)",
        "1 stay: there is no value, or an outbox's payload is null (tombstone)",
        "1 stay: they were on no topic that is read here",
    ]
    assert await left(letters) == [1, 2, 3, 5]
    assert await letters.pool.fetchval("SELECT id FROM bildwerk.media WHERE look_at IS NOT NULL") == 5


async def test_where_a_topic_is_to_be_read_again_and_kafka_is_away_it_says_so(
    bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]
) -> None:
    await letters.pool.execute("UPDATE bildwerk.dead_letters SET value_length = 100000 WHERE id = 2")
    said = await bildwerk("dead-letters", "retry", 2, **variables)

    assert said.status == 1
    assert "Kafka at 127.0.0.1:1 does not answer" in said.lines[-1]
    assert await left(letters) == [1, 2, 3, 4, 5]


async def test_they_are_dropped_as_they_are_named(
    bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]
) -> None:
    dry = await bildwerk("dead-letters", "drop", "--reason", "not_json", "--dry-run", **variables)
    assert dry.lines == ["2 dead letters would be dropped"]
    by_id = await bildwerk("dead-letters", "drop", 3, 99, **variables)
    assert by_id.lines == ["1 dead letters dropped", "1 of the ids are no dead letters, or not those that were meant"]
    assert await left(letters) == [1, 2, 4, 5]
    by_time = await bildwerk("dead-letters", "drop", "--since", "1h", "--reason", "not_json", **variables)
    assert by_time.lines == ["2 dead letters dropped"]
    rest = await bildwerk("dead-letters", "drop", "--all", **variables)
    assert (rest.status, rest.lines) == (0, ["2 dead letters dropped"])
    assert await left(letters) == []


async def test_nothing_is_done_to_letters_that_nobody_named(
    bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]
) -> None:
    nothing = await bildwerk("dead-letters", "drop", **variables)
    both = await bildwerk("dead-letters", "retry", 1, "--all", **variables)
    never = await bildwerk("dead-letters", "drop", "--since", "yesterday", **variables)

    assert (nothing.status, both.status, never.status) == (1, 1, 2)
    assert "name dead letters by ids, --reason, --since or --until" in nothing.lines[0]
    assert "--all goes with nothing else" in both.lines[0]
    assert "'yesterday' is no moment" in " ".join(never.lines)
    assert await left(letters) == [1, 2, 3, 4, 5]


async def test_a_stop_is_told_and_lifted(bildwerk: Bildwerk, letters: Ledger, variables: dict[str, str]) -> None:
    await intake_stop.put(letters.pool, IntakeStop(950, 1_000, "not_json", "media.updated", 0, 1))
    why = "950 of a topic's last 1000 were dead letters, as for not_json at media.updated/0/1;"

    assert why in (await bildwerk("dead-letters", "list", **variables)).err
    assert why in " ".join((await bildwerk("status", **variables)).out.split())
    lifted = await bildwerk("dead-letters", "resume", **variables)
    assert (lifted.status, lifted.lines) == (0, ["events are taken again"])
    assert (await bildwerk("dead-letters", "resume", **variables)).lines == ["the intake of events was not stopped"]


async def test_without_a_database_it_says_so(bildwerk: Bildwerk) -> None:
    said = await bildwerk("dead-letters", "retry", "--all", **NOWHERE)

    assert said.status == 1
    assert said.lines[0].startswith("bildwerk: PostgreSQL at 127.0.0.1:1/media")
