"""What may come on a topic instead of an event, and what becomes of it: E1 to E28, one table, tried through a broker.

`python -m tests.acceptance.bad_input` writes it into docs/bad-input.md; a test fails when the two differ.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from contracts.topics import Topic

CREATED, UPDATED = Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED
YEAR_9999_MS = 253_402_300_799_999
FOREIGN = "/test/platform"


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as a producer sends it; `key` None: the medium's id, as most do."""

    value: bytes | None
    topic: Topic = CREATED
    headers: tuple[tuple[str, bytes | None], ...] = ()
    key: bytes | None = None
    timestamp_ms: int | None = None


Send = Callable[[int], Sequence[Sent]]


class Fate(Enum):
    """What becomes of a message; the value is how the page says it."""

    DEAD = "dead letter"
    IGNORED = "passed over"
    PLANNED = "taken"


SHOWN = {
    Fate.DEAD: "dead letters",
    Fate.IGNORED: "log: `intake.ignored`",
    Fate.PLANNED: "`bildwerk explain`",
}
"""Where a person sees it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row: what comes, made for a medium that is there, and what becomes of the last message of it.

    `reason` is the dead letter's, or what the log counts. A medium whose events are taken is done, with one call a job.
    """

    id: str
    what: str
    send: Send
    fate: Fate
    reason: str = ""
    remark: str = ""

    @property
    def name(self) -> str:
        """How pytest shows it."""
        return f"{self.id}-{self.what.replace(' ', '_')}"


def raw(value: bytes | None) -> Send:
    """These bytes; `%d` in them is the medium."""
    return lambda media_id: [Sent(value and value.replace(b"%d", b"%d" % media_id))]


def body(topic: Topic = CREATED, **members: Any) -> Send:
    """A plain body that names the medium first."""
    return lambda media_id: [Sent(json.dumps({"media_id": media_id, **members}).encode(), topic)]


def cloud(kind: str = "media.created", event_id: str = "", more: bytes = b"", **attributes: bytes) -> Send:
    """A CloudEvent in binary mode; `more` is put into its body."""

    def send(media_id: int) -> Sequence[Sent]:
        given = {"specversion": b"1.0", "id": (event_id or f"e-{media_id}").encode(), "source": FOREIGN.encode()}
        headers = {**given, "type": kind.encode(), **attributes}
        named = tuple((f"ce_{name}", value) for name, value in headers.items())
        topic = Topic(kind) if kind in set(Topic) else CREATED
        return [Sent(b'{"media_id": %d%s}' % (media_id, more), topic, named)]

    return send


def both(*sends: Send) -> Send:
    """One after the other."""
    return lambda media_id: [sent for send in sends for sent in send(media_id)]


def changed(send: Send, **changes: Any) -> Send:
    """The same with another key, other headers or another time."""
    return lambda media_id: [replace(sent, **changes) for sent in send(media_id)]


def wrapped(inner: bytes) -> Send:
    """A structured CloudEvent whose data is these bytes in Base64."""
    data = base64.b64encode(inner).decode()
    envelope = {"specversion": "1.0", "id": "b-1", "source": FOREIGN, "type": "media.created", "data_base64": data}
    return lambda _: [
        Sent(json.dumps(envelope).encode(), CREATED, (("content-type", b"application/cloudevents+json"),))
    ]


def dead(id_: str, what: str, send: Send, reason: str, remark: str = "") -> Case:
    return Case(id_, what, send, Fate.DEAD, reason, remark)


def taken(id_: str, what: str, send: Send, remark: str = "", reason: str = "") -> Case:
    return Case(id_, what, send, Fate.PLANNED, reason, remark)


def ignored(id_: str, what: str, send: Send, reason: str, remark: str = "") -> Case:
    return Case(id_, what, send, Fate.IGNORED, reason, remark)


DEEP = b"[" * 100_000 + b"]" * 100_000
DIRTY = "a\u202eb\u200bc\u2066d\ufeffe"
PLAIN = body()

CASES: Sequence[Case] = (
    dead("E1", "no value at all", raw(None), "tombstone", "never taken for an order to delete"),
    dead("E1", "an outbox's payload is null", raw(b'{"schema": null, "payload": null}'), "tombstone"),
    dead("E2", "nothing", raw(b""), "empty_value"),
    dead("E2", "white space", raw(b" \r\n\t"), "empty_value"),
    dead("E3", "bytes that are no UTF-8", raw(b'{"media_id": %d, "x": "\xff\xfe"}'), "not_utf8"),
    dead("E3", "UTF-16", raw('{"media_id": 1}'.encode("utf-16")), "not_utf8"),
    dead("E3", "no UTF-8 in Base64 in structured mode", wrapped(b"\xff"), "not_utf8"),
    dead("E4", "JSON that breaks off", raw(b'{"media_id": %d'), "not_json"),
    dead("E4", "a word", raw(b"rubbish"), "not_json"),
    dead("E4", "two objects", raw(b'{"media_id": %d} {"media_id": %d}'), "not_json"),
    dead("E5", "a number", raw(b"7"), "not_an_object"),
    dead("E5", "a list of events", raw(b'[{"media_id": %d}]'), "not_an_object"),
    dead("E5", "null", raw(b"null"), "not_an_object"),
    dead("E5", "a batch of CloudEvents",
         changed(raw(b"[]"), headers=(("content-type", b"application/cloudevents-batch+json"),)), "batch_mode"),
    dead("E6", "two megabytes", raw(b'{"media_id": %d, "x": "' + b"x" * 2_000_000 + b'"}'), "too_large",
         "over `BILDWERK_EVENT_MAX_BYTES`; the head and the SHA-256 of all of it are kept"),
    dead("E7", "100 000 lists in each other", raw(b'{"media_id": %d, "x": ' + DEEP + b"}"), "too_deep",
         "counted before any parser sees it"),
    dead("E7", "40 000 objects in each other", raw(b'{"a":' * 40_000), "too_deep"),
    dead("E7", "the same as text in a payload", raw(json.dumps({"payload": DEEP.decode()}).encode()), "too_deep"),
    dead("E8", "a key twice", raw(b'{"media_id": %d, "media_id": 1}'), "duplicate_keys",
         "two readers read it two ways"),
    dead("E8", "a key twice, further in", raw(b'{"media_id": %d, "x": {"a": 1, "a": 1}}'), "duplicate_keys"),
    *(dead("E9", text, raw(b'{"media_id": %d, "x": ' + text.encode() + b"}"), "bad_number")
      for text in ("NaN", "-Infinity", "1e400")),
    dead("E9", "300 digits", raw(b'{"media_id": %d, "x": ' + b"9" * 300 + b"}"), "bad_number"),
    dead("E10", "no medium", raw(b'{"id": %d}'), "missing_media_id"),
    *(dead("E11", f"media_id {text}", raw(f'{{"media_id": {text}}}'.encode()), "bad_media_id")
      for text in ('"0"', "0", "-1", "9223372036854775808", '"1e3"', "1e3", '" 7"', "7.0", "true", "null")),
    taken("E12", "fields that nobody knows", body(x=1, nested={"y": [2]}), "left out"),
    dead("E13", "a newer version", body(schema_version=2), "unknown_version",
         "kept until a bildwerk that knows it: `bildwerk dead-letters retry`"),
    dead("E13", "a newer version in camel case", raw(b'{"mediaId": %d, "schemaVersion": 2}'), "unknown_version"),
    taken("E14", "the version before", raw(b'{"mediaId": %d, "schemaVersion": 1}'), "made current step by step"),
    taken("E14", "the version before, by its number", raw(b'{"mediaId": %d, "schema_version": 0}')),
    ignored("E15", "a type that is none of ours", cloud("media.viewed"), "unknown_type", "whatever it holds"),
    taken("E16", "an event twice", both(cloud(event_id="twice"), cloud(event_id="twice")), "done once"),
    taken("E17", "an id twice, with other words",
          both(cloud(event_id="same"), cloud("media.updated", event_id="same")),
          "done once: an event is a hint, what is true is read in the platform. Only a `force` is remembered by its id:"
          " the second is not honoured, whatever it says"),
    taken("E18", "an older version of the medium",
          both(PLAIN, body(UPDATED, source_version=1, updated_at="1999-01-01")),
          "what an event says of the medium is not believed: it is read in the platform, and is not older there"),
    taken("E19", "`media.updated`, and never `media.created`", body(UPDATED), "either is enough"),
    ignored("E22", "the completion of a job nobody knows",
            cloud("stage.completed", more=b', "job_type": "of_theirs", "outcome": "done"'), "unknown_job_type"),
    ignored("E22", "jobs that nobody knows are asked for", body(UPDATED, job_types=["of_theirs"]), "unknown_job_type",
            "the medium is looked at all the same"),
    taken("E23", "a time before all time", cloud(time=b"0001-01-01T00:00:00"), "times in events are not used"),
    taken("E23", "a time after all time", body(updated_at="9999-12-31T23:59:60Z", time="+275760-09-13")),
    taken("E23", "a message from the year 9999", changed(PLAIN, timestamp_ms=YEAR_9999_MS),
          "nor are those on messages, but to find dead letters and stretches of a topic"),
    dead("E23", "a bad message from the year 9999", changed(raw(b"rubbish"), timestamp_ms=YEAR_9999_MS), "not_json"),
    taken("E24", "a key that names another medium", changed(PLAIN, key=b"1"),
          "the body counts, and the order is that of the medium's row", "key_mismatch"),
    taken("E24", "a key that is no text", changed(PLAIN, key=b"\xff\x00"), "", "key_mismatch"),
    taken("E25", "another id in the body", cloud(event_id="head", more=b', "id": "body", "event_id": "body"'),
          "the header counts, as CloudEvents has it; the body's is a field that nobody knows"),
    taken("E26", "NUL, half characters and marks in words that are not ours",
          body(title=f"a\x00b\ud800{DIRTY}", caption="\x1b[31m"), "left out before anything is stored"),
    taken("E26", "a title of 200 000 characters", body(title="x" * 200_000)),
    dead("E26", "a title of a million characters", body(title="x" * 1_000_000), "too_large"),
    dead("E26", "NUL in a word that is ours", body(UPDATED, job_types=["a\x00"]), "bad_field"),
    dead("E26", "half a character in a word that is ours", body(UPDATED, score_batch="\ud800"), "bad_field"),
    dead("E26", "NUL in a header", cloud(id=b"a\x00b"), "bad_attribute"),
    dead("E26", "a header that is no text", cloud(id=b"\xff"), "bad_header"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One row that a test of its own shows."""

    id: str
    what: str
    becomes: str
    reason: str
    shown: str
    remark: str
    test: str


OTHERS: Sequence[Told] = (
    Told("E20", "a medium that the platform does not have yet", "looked for again, ten times, later and later", "",
         SHOWN[Fate.PLANNED], "done when it comes", "test_e20_a_medium_that_comes_after_its_event_is_looked_for_again"),
    Told("E20", "a medium that never comes", Fate.DEAD.value, "media_missing", SHOWN[Fate.DEAD], "",
         "test_e20_a_medium_that_never_comes_is_a_dead_letter"),
    Told("E21", "the medium is deleted while its job runs", "the answer is dropped, the jobs are skipped",
         "media_deleted", SHOWN[Fate.PLANNED], "", "test_e21_a_medium_that_is_deleted_during_a_call_gets_nothing"),
    Told("E22", "our own completions", "passed over", "", "nothing is planned",
         "known by their source and their plan number; jobs that come after each other cannot form a ring",
         "test_e22_our_own_completions_start_nothing"),
    Told("E27", "a compressed batch that unfolds to gigabytes", Fate.DEAD.value, "too_large", SHOWN[Fate.DEAD],
         "unfolded to 64 MiB at most; passed by message by message, with coordinates only",
         "test_e27_a_batch_that_cannot_be_unfolded_is_passed_by_its_coordinates"),
    Told("E27", "a compressed batch that is none", Fate.DEAD.value, "corrupt_batch", SHOWN[Fate.DEAD],
         "Apache Kafka refuses it from its producer; the embedded broker does not",
         "test_e27_a_batch_that_cannot_be_unfolded_is_passed_by_its_coordinates"),
    Told("E27", "a wrong checksum", Fate.DEAD.value, "corrupt_batch", SHOWN[Fate.DEAD],
         "asked for three times; then passed by, message by message, with coordinates only",
         "test_e27_a_damaged_batch_costs_its_own_messages_and_nothing_else"),
)  # fmt: skip
