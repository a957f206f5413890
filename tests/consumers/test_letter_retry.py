"""Dead letters tried again, on a real broker and a real PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.intake import Intake
from consumers.kafka import KafkaSettings
from consumers.letter_retry import LetterRetry, Tally, is_whole
from consumers.missing import Missing
from consumers.triage import Rules
from contracts.dead_letters import DeadLetter, Origin, bound
from contracts.topics import Topic
from db import dead_letters, letter_box
from db.letter_box import Kept, Selection
from db.pool import Connection
from handlers.backoff import Backoff
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from tests.consumers.conftest import Produce, until
from tests.consumers.test_intake import read_committed, running
from tests.ledger import TEXTS, Ledger, choose

UPDATED = Topic.MEDIA_UPDATED
CAPTION = "ollama_caption"
ALL = Selection()


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


class PlannerWithABug(Planner):
    """Fails for medium 13, as no planner should."""

    async def plan_media(self, connection: Connection, requests: Sequence[PlanRequest]) -> Planned:
        if any(request.media_id == 13 for request in requests):
            raise ZeroDivisionError
        return await super().plan_media(connection, requests)


class Retrier:
    """Buries what is on a topic by strict rules, and tries again by others."""

    def __init__(self, ledger: Ledger, settings: KafkaSettings) -> None:
        self.ledger, self.settings = ledger, settings

    async def bury(self, count: int, max_bytes: int = 100, kept_bytes: int = 65_536) -> None:
        """Take in `count` messages."""
        intake = Intake(
            self.ledger.pool, self.ledger.planner, self.settings, max_bytes=max_bytes, kept_bytes=kept_bytes
        )
        async with running(intake):
            await until(lambda: _equals(read_committed(self.settings, UPDATED), count))

    async def put(self, *letters: DeadLetter) -> None:
        """Bury letters that never were on a topic."""
        await dead_letters.bury(self.ledger.pool, letters)

    async def __call__(self, selection: Selection = ALL, *, dry: bool = False, planner: Planner | None = None) -> Tally:
        rules = Rules(frozenset(TEXTS), max_bytes=10_000)
        task = LetterRetry(self.ledger.pool, planner or self.ledger.planner, self.settings, rules, dry)
        await task.run(selection)
        return task.tally

    async def left(self) -> list[str]:
        """The reasons of the letters that are there."""
        return [kept.letter.reason for kept in await letter_box.next_page(self.ledger.pool, ALL, 0, 100)]

    def letter(self, value: bytes | None, offset: int = 0, reason: str = "not_json", topic: str = "") -> DeadLetter:
        place = (topic or self.settings.name(UPDATED), 0, offset, 1_700_000_000_000)
        return DeadLetter(bound(place, None, value), reason)


@pytest.fixture
def retry(ledger: Ledger, settings: KafkaSettings) -> Retrier:
    return Retrier(ledger, settings)


async def test_what_is_understood_by_todays_rules_is_planned_and_leaves(
    ledger: Ledger, retry: Retrier, produce: Produce
) -> None:
    media_id = await ledger.add()
    await produce(UPDATED, body(media_id=media_id, force=True, job_types=[CAPTION], x="x" * 100))
    await produce(UPDATED, b"rubbish")
    await produce(UPDATED, None)
    await retry.bury(3)
    assert await retry.left() == ["too_large", "not_json", "tombstone"]

    dry = await retry(dry=True)
    assert await retry.left() == ["too_large", "not_json", "tombstone"]
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 0
    tally = await retry()

    assert dry == tally == Tally(planned=1, undecodable=tally.undecodable)
    assert tally.undecodable == {"not_json": 1, "tombstone": 1}
    assert await retry.left() == ["not_json", "tombstone"]
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 1


async def test_a_force_in_a_letter_counts_once_though_its_event_is_read_again(
    ledger: Ledger, retry: Retrier, produce: Produce
) -> None:
    """P21."""
    media_id = await ledger.add()
    await produce(UPDATED, body(media_id=media_id, force=True, job_types=[CAPTION], x="x" * 100))
    await retry.bury(1)
    await retry()
    await retry.bury(1)  # nothing new; and then by other rules, from the start
    again = replace(retry.settings, group=f"{retry.settings.group}-again")
    async with running(Intake(ledger.pool, ledger.planner, again)):
        await until(lambda: _equals(read_committed(again, UPDATED), 1))

    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 1


async def test_what_was_cut_off_is_read_again_from_its_topic(ledger: Ledger, retry: Retrier, produce: Produce) -> None:
    media_id = await ledger.add()
    await produce(UPDATED, b"first")
    await produce(UPDATED, body(x="x" * 100, media_id=media_id, priority=7))
    await retry.bury(2, kept_bytes=20)

    tally = await retry(Selection(reasons=("too_large",)))

    assert (tally.planned, tally.gone) == (1, 0)
    assert await ledger.pool.fetchval("SELECT priority FROM bildwerk.media") == 7


async def test_what_was_cut_off_and_is_gone_or_another_message_now_stays(
    ledger: Ledger, retry: Retrier, produce: Produce
) -> None:
    """An embedded broker starts again at offset 0, and topics forget."""
    await produce(UPDATED, body(media_id=await ledger.add()))
    cut = Origin(retry.settings.name(UPDATED), 0, 0, 5, None, b"{", 90, "0" * 64)
    beyond = Origin(retry.settings.name(UPDATED), 2, 9, 5, None, b"{", 90, "1" * 64)
    nowhere = Origin(retry.settings.name(UPDATED), 7, 9, 5, None, b"{", 90, "2" * 64)
    await retry.put(*(DeadLetter(origin, "too_large") for origin in (cut, beyond, nowhere)))

    assert await retry() == Tally(gone=3)
    assert len(await retry.left()) == 3


async def test_what_kafka_refused_and_what_was_on_no_topic_of_ours_stays(retry: Retrier) -> None:
    refused = Origin(retry.settings.name(UPDATED), -1, 5, 5, None, b'{"media_id": 1}', 15, "0" * 64)
    await retry.put(DeadLetter(refused, "refused_by_broker"), retry.letter(b"{}", topic="somebody.elses"))

    assert await retry() == Tally(ours=2)


async def test_a_medium_that_was_missing_is_looked_for_again(ledger: Ledger, retry: Retrier) -> None:
    ledger.planner = Planner(choose(*TEXTS), look_again=Backoff(tries=2, base=0.0, cap=0.0))
    await retry.put(retry.letter(body(media_id=5), reason="media_missing"))

    assert (await retry()).planned == 1
    assert await retry.left() == []
    missing = Missing(ledger.pool, ledger.planner, lambda _planned: None)
    await missing.look()
    await missing.look()
    assert await retry.left() == ["media_missing"], "as long as it does not come"

    await ledger.pool.execute("INSERT INTO public.media (id, path) VALUES (5, 'late.jpg')")
    assert (await retry()).planned == 1
    assert await ledger.pool.fetchval("SELECT seen FROM bildwerk.media")
    assert await retry.left() == []


async def test_one_that_cannot_be_planned_stays_and_its_neighbours_leave(ledger: Ledger, retry: Retrier) -> None:
    await retry.put(*(retry.letter(body(media_id=m), m, "unplannable") for m in (12, 13, 14)))

    tally = await retry(planner=PlannerWithABug(ledger.planner.chain))

    assert (tally.planned, tally.unplannable) == (2, 1)
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media") == 2
    assert (await retry()).planned == 1


async def test_what_is_none_of_ours_leaves(retry: Retrier) -> None:
    names = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/a", "ce_type": "media.viewed"}
    headers = tuple((name, text.encode()) for name, text in names.items())
    origin = bound((retry.settings.name(UPDATED), 0, 0, 5), None, b"{}", headers)
    await retry.put(DeadLetter(origin, "bad_field"))

    assert await retry() == Tally(passed=1)
    assert await retry.left() == []


async def test_only_those_that_are_selected_are_tried(ledger: Ledger, retry: Retrier) -> None:
    await retry.put(*(retry.letter(body(media_id=m), m, reason) for m, reason in ((1, "a"), (2, "b"), (3, "b"))))
    ids = [kept.id for kept in await letter_box.next_page(ledger.pool, ALL, 0, 10)]

    assert (await retry(Selection(ids=(ids[1],)))).planned == 1
    assert (await retry(Selection(reasons=("b",)))).planned == 1
    assert await retry.left() == ["a"]


relevant = st.sampled_from(["content-type", "CE_id", "ce_source"])
texts = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.none() | st.binary(max_size=40), st.integers(1, 40), st.lists(st.tuples(relevant, texts)))
def test_a_letter_is_whole_when_all_that_decides_was_kept(
    value: bytes | None, kept: int, headers: list[tuple[str, str]]
) -> None:
    """Whatever counts as whole is decoded from the very bytes that were sent."""
    sent = [(name, text.encode()) for name, text in headers]
    origin = bound(("t", 0, 0, 5), None, value, sent, kept)
    if is_whole(Kept(1, DeadLetter(origin, "not_json"), None)):  # type: ignore[arg-type]
        assert origin.value == value
        assert [(name, text.encode()) for name, text in origin.headers] == sent
    elif value is None or len(value) <= kept:
        assert any(not text or "\\x" in text or "\x00" in text for _, text in headers) or len(headers) >= 32


@pytest.mark.parametrize("sent", [b"\xff", b"", b"x" * 1_024])
def test_a_header_that_may_not_be_what_was_sent_is_read_again(sent: bytes) -> None:
    origin = bound(("t", 0, 0, 5), None, b"{}", [("ce_id", sent)])
    assert not is_whole(Kept(1, DeadLetter(origin, "bad_header"), None))  # type: ignore[arg-type]
    other = bound(("t", 0, 0, 5), None, b"{}", [("trace", sent)])
    assert is_whole(Kept(1, DeadLetter(other, "not_json"), None))  # type: ignore[arg-type]


async def _equals(answer: Any, expected: Any) -> bool:
    return bool(await answer == expected)
