"""Which events are replayed, without a broker."""

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from consumers.reader import Message
from consumers.stretch import Stretch, list_named
from consumers.triage import Rules, triage
from contracts.topics import Topic

RULES = Rules(frozenset({"ollama_caption"}), frozenset({"ollama_caption"}))
PLACE = TopicPartition("stage.completed", 0)
US = "urn:bildwerk:us"
moments = st.integers(0, 10)
maybe = st.none() | moments


def message(offset: int, media_id: int | None, source: str = "/app", moment: int = 7) -> Message:
    """A completion of somebody's; without a medium it cannot be understood."""
    names = {"ce_specversion": "1.0", "ce_id": str(offset), "ce_source": source, "ce_type": "stage.completed"}
    headers = tuple((name, text.encode()) for name, text in names.items())
    value = (
        b"{}" if media_id is None else b'{"media_id": %d, "job_type": "ollama_caption", "outcome": "done"}' % media_id
    )
    return Message(Topic.STAGE_COMPLETED, PLACE, offset, moment, None, value, headers)


@given(maybe, maybe, st.integers(-1, 10))
def test_a_message_is_of_the_time_from_since_until_before_until(
    since: int | None, until: int | None, moment: int
) -> None:
    held = Stretch(since, until).holds(message(0, 1, moment=moment))

    expected = moment == -1 or moment in range(0 if since is None else since, 11 if until is None else until)
    assert held is expected


named = st.lists(st.tuples(st.none() | st.integers(1, 5), st.sampled_from([US, "/app"])), max_size=12)


@given(named, st.none() | st.frozensets(st.integers(1, 5)))
def test_only_the_media_wanted_are_left_and_letters_always(
    events: list[tuple[int | None, str]], media_ids: frozenset[int] | None
) -> None:
    whole = triage([message(n, media_id, source) for n, (media_id, source) in enumerate(events)], US, RULES)
    todo = Stretch(media_ids=media_ids).narrow(whole)

    wanted = frozenset(range(1, 6)) if media_ids is None else media_ids
    assert list_named(todo).keys() == {media_id for media_id, _ in events if media_id in wanted}
    assert {media_id for media_id, _ in todo.completions} == {m for m, source in events if m in wanted and source != US}
    assert len(todo.letters) == sum(media_id is None for media_id, _ in events)


def test_a_medium_is_named_with_the_last_event_about_it() -> None:
    todo = triage([message(1, 5), message(2, 6), message(3, 5)], US, RULES)

    event = list_named(todo)[5]
    assert isinstance(event, dict)
    assert event["offset"] == 3
