"""Dead letters once more: understood by today's rules, and planned as if they had come just now."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from consumers.intake import is_fault_of_value
from consumers.kafka import KafkaSettings
from consumers.planning import plan_triage
from consumers.range_reader import NoSuchPartition, open_range
from consumers.reader import Message
from consumers.triage import Rules, Triage, triage
from contracts.dead_letters import KEPT_HEADERS, KEPT_KEY_BYTES, Origin, bound
from contracts.topics import INTAKE_TOPICS, Topic
from db import letter_box, outbox
from db.letter_box import Kept, Selection
from db.pool import Connection, Pool, transact
from handlers.runner.planning import Planner

PAGE = 100
UNREAD = ("corrupt_batch", "too_large", "bad_header")
"""Reasons for which Kafka's client may have given us no bytes."""


@dataclass
class Tally:
    """What became, or would become, of letters: `planned` and, if they are none of ours, `passed` are taken out.

    `undecodable` (by today's reason), `unplannable`, `gone` (cut off, and no longer on the topic) and `ours` (events of
    ours that Kafka refused) stay.
    """

    planned: int = 0
    passed: int = 0
    undecodable: Counter[str] = field(default_factory=Counter)
    unplannable: int = 0
    gone: int = 0
    ours: int = 0

    @property
    def kept(self) -> int:
        """Letters that stay."""
        return self.undecodable.total() + self.unplannable + self.gone + self.ours


@dataclass
class LetterRetry:
    """Tries letters again, a page at a time, each page one transaction with its removal; `dry` changes nothing."""

    pool: Pool
    planner: Planner
    kafka: KafkaSettings
    rules: Rules
    dry: bool = False
    tally: Tally = field(default_factory=Tally)

    async def run(self, selection: Selection, tell: Callable[[Tally], None] = lambda _: None) -> None:
        """Try all that are selected now. Raises KafkaError when the topic is to be asked and Kafka is away."""
        async with self.pool.acquire() as connection:
            source = await outbox.name_source(connection)
        after = 0
        while True:
            async with self.pool.acquire() as connection:
                page = await letter_box.next_page(connection, selection, after, PAGE)
            if not page:
                return
            after = page[-1].id
            await self._try_page([(kept.id, message) for kept in page if (message := await self._read(kept))], source)
            tell(self.tally)

    async def _read(self, kept: Kept) -> Message | None:
        """The message of a letter, from the topic where not all of it was kept; None when that is impossible."""
        origin = kept.letter.origin
        topic = next((t for t in INTAKE_TOPICS if self.kafka.name(t) == origin.topic), None)
        if topic is None or origin.partition < 0:
            self.tally.ours += 1
            return None
        if is_whole(kept):
            return _message(topic, origin)
        message = await self._fetch(topic, origin)
        self.tally.gone += message is None
        return message

    async def _fetch(self, topic: Topic, origin: Origin) -> Message | None:
        """The message at the letter's place on the topic, if it is still that one."""
        try:
            async with open_range(self.kafka, topic, origin.partition, origin.offset) as reader:
                while not reader.done:
                    if messages := await reader.read(1):
                        return messages[0] if is_same(messages[0], origin) else None
        except NoSuchPartition:
            pass
        return None

    async def _try_page(self, messages: Sequence[tuple[int, Message]], source: str) -> None:
        """All of them at once; where one is at fault that PostgreSQL cannot take, each by itself."""
        good, passed = [], 0
        for number, message in messages:
            todo = triage([message], source, self.rules)
            if todo.letters:
                self.tally.undecodable[todo.letters[0].reason] += 1
            else:
                good.append((number, message))
                passed += not (todo.requests or todo.echoes)
        if not good:
            return
        todo = triage([message for _, message in good], source, self.rules)
        try:
            removed = await transact(self.pool, lambda connection: self._plan(connection, todo, [n for n, _ in good]))
        except Exception as error:
            if not is_fault_of_value(error):
                raise
            await self._take_apart(good, source)
            return
        self.tally.planned += removed - passed
        self.tally.passed += passed

    async def _take_apart(self, messages: Sequence[tuple[int, Message]], source: str) -> None:
        if len(messages) == 1:
            self.tally.unplannable += 1
            return
        for each in messages:
            await self._try_page([each], source)

    async def _plan(self, connection: Connection, todo: Triage, ids: Sequence[int]) -> int:
        """Letters are taken out after media were locked, as intake does with what it buries (P23)."""
        if self.dry:
            return len(ids)
        await plan_triage(connection, self.planner, todo)
        return await letter_box.remove(connection, ids)


def is_whole(kept: Kept) -> bool:
    """Whether all that decides how a message is understood was kept, as it was."""
    origin = kept.letter.origin
    if origin.value_length > len(origin.value or b"") or (origin.value is None and kept.letter.reason in UNREAD):
        return False
    return len(origin.headers) < KEPT_HEADERS and not any(map(_may_differ, origin.headers))


def is_same(message: Message, origin: Origin) -> bool:
    """Whether a message is the one that was buried: an embedded broker starts again at offset 0."""
    if message.offset != origin.offset:
        return False
    if origin.timestamp_ms < 0:  # the client could not read it then
        return not message.problem
    found = bound(message.coordinates, message.key, message.value)
    return (found.timestamp_ms, found.value_hash) == (origin.timestamp_ms, origin.value_hash)


def _may_differ(header: tuple[str, str]) -> bool:
    """Whether a header that we read may not be what was sent: escaped, cut off, or without a value."""
    name, text = header
    if not (name.lower() == "content-type" or name.lower().startswith("ce_")):
        return False
    return "\\x" in text or not text or len(text.encode()) >= KEPT_KEY_BYTES


def _message(topic: Topic, origin: Origin) -> Message:
    headers = tuple((name, text.encode()) for name, text in origin.headers)
    place = TopicPartition(origin.topic, origin.partition)
    return Message(topic, place, origin.offset, origin.timestamp_ms, origin.key, origin.value, headers)
