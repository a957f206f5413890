"""Who passes a point: job types or topics, told from the arguments and the result of the function there."""

from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts.topics import Topic
from handlers.runner.finishing import Failed

SOMETHING = frozenset({""})
Names: TypeAlias = AbstractSet[str]
THIS_JOB: ContextVar[str] = ContextVar("job", default="")
OPEN_CALLS: set[tuple[int, str]] = set()
"""Medium and job of each question that was asked and is not settled yet."""
LEASED: set[int] = set()
"""Media of this process."""
IN_HAND: set[Topic] = set()
"""Of which topics the messages are that were polled last."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A call of the function; before it there is no result."""

    arguments: tuple[Any, ...]
    result: Any = SOMETHING


async def always(_: Passage) -> Names:
    """Whatever it is."""
    return SOMETHING


async def something(passage: Passage) -> Names:
    """Whatever it is, as long as there are some."""
    return SOMETHING if passage.result else set()


async def not_none(passage: Passage) -> Names:
    """Whatever it is, as long as there is one."""
    return set() if passage.result is None else SOMETHING


async def this_job(passage: Passage) -> Names:
    """The job whose task we are in."""
    return set() if isinstance(passage.result, Failed) else {THIS_JOB.get()}


async def next_job(passage: Passage) -> Names:
    """The job that is run next."""
    return {passage.result.name} if passage.result else set()


async def asked_job(passage: Passage) -> Names:
    """The job whose question is prepared: it may be begun by the finish of the one before it."""
    return {passage.arguments[1].job_type}


async def recorded_job(passage: Passage) -> Names:
    """The job whose run is put on record, in its own turn or by the finish of the one before it."""
    return {passage.arguments[2].job_type} if passage.result is not None else set()


async def open_jobs(_: Passage) -> Names:
    """Jobs whose calls are under way."""
    return {job for _, job in OPEN_CALLS}


async def topics_in_hand(passage: Passage) -> Names:
    """Topics of the messages that were polled last; of none when nothing came."""
    return set(map(str, IN_HAND)) if passage.result or passage.result is None else set()


async def topics_of_letters(passage: Passage) -> Names:
    """Topics that dead letters come from."""
    return {topic for letter in passage.arguments[1] for topic in Topic if letter.origin.topic.endswith(topic)}


async def topics_of_rows(passage: Passage) -> Names:
    """Topics of outbox rows."""
    return {row.topic for row in passage.arguments[1]}


async def topic_of_row(passage: Passage) -> Names:
    """The topic of one outbox row."""
    return {passage.arguments[1].topic}


async def topic_named(passage: Passage) -> Names:
    """The topic that a message is sent to, under its name in this cluster."""
    return {topic for topic in Topic if passage.arguments[1].endswith(topic)}


async def topics_published(passage: Passage) -> Names:
    """Topics of rows that the broker has."""
    return {row.topic for row in passage.arguments[2].acknowledged}


async def topics_noted(passage: Passage) -> Names:
    """Topics of rows that the broker has, and that are deleted."""
    return {row.topic for row in passage.arguments[1].acknowledged}
