"""What messages ask for, without a broker."""

from dataclasses import replace

from aiokafka import TopicPartition

from consumers.reader import Message
from consumers.triage import Rules, triage
from contracts.topics import Topic

RULES = Rules(frozenset({"ollama_caption"}))


def force(source: str, offset: int) -> Message:
    """A request that its sender calls number 1."""
    names = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": source, "ce_type": "media.updated"}
    headers = tuple((name, text.encode()) for name, text in names.items())
    place = TopicPartition("media.updated", 0)
    return Message(Topic.MEDIA_UPDATED, place, offset, 7, b"5", b'{"media_id": 5, "force": true}', headers)


def test_a_force_is_known_again_wherever_it_is_delivered() -> None:
    """P21."""
    first, again = triage([force("/a", 0), force("/a", 9)], "urn:bildwerk:us", RULES).requests
    assert first.force == again.force


def test_a_key_of_another_medium_is_told_of_and_the_event_is_taken() -> None:
    """E24."""
    messages = [force("/a", 0), replace(force("/a", 1), key=b"6"), replace(force("/a", 2), key=b"media-5"),
                replace(force("/a", 3), key=None)]  # fmt: skip
    taken = triage(messages, "urn:bildwerk:us", replace(RULES, key="media-{media_id}"))
    assert [request.media_id for request in taken.requests] == [5, 5, 5, 5]
    assert taken.ignored["key_mismatch"] == 1


def test_two_programs_that_number_their_requests_alike_are_both_heard() -> None:
    """P21: CloudEvents ids are unique within their source only."""
    one, other = triage([force("/a", 0), force("/b", 1)], "urn:bildwerk:us", RULES).requests
    assert one.force != other.force


def test_a_broker_that_starts_again_at_offset_0_is_heard_again() -> None:
    """P21: an event without an id is known by its place and its bytes."""
    place = TopicPartition("media.updated", 0)

    def plain(body: bytes) -> Message:
        return Message(Topic.MEDIA_UPDATED, place, 0, 7, b"5", body)

    bodies = b'{"media_id": 5, "force": true}', b'{"media_id": 6, "force": true}'
    one, again, other = triage(map(plain, (*bodies[:1], *bodies)), "urn:bildwerk:us", RULES).requests
    assert one.force == again.force
    assert one.force != other.force
