"""Events on the wire: what is read, what is refused and why, what is written."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import Decoded, Ignored, Mode, decode, encode
from contracts.events import EVENTS, MediaCreated, MediaUpdated, StageCompleted
from contracts.json_objects import MAX_BYTES, Undecodable
from contracts.topics import INTAKE_TOPICS, Topic

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
CLOUD = [("ce_specversion", b"1.0"), ("ce_id", b"a-1"), ("ce_source", b"/app"), ("ce_type", b"media.created")]
CREATED, UPDATED, COMPLETED = INTAKE_TOPICS


def reason(topic: Topic, value: bytes | None, headers: Any = ()) -> str:
    with pytest.raises(Undecodable) as caught:
        decode(topic, value, headers)
    assert "\x00" not in caught.value.detail
    return caught.value.reason


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_messages_are_read_as_ever(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    decoded = decode(Topic(golden["topic"]), golden["value"].encode(), encoded(golden["headers"]))
    assert isinstance(decoded, Decoded)
    assert decoded.event.model_dump(mode="json") == golden["event"]
    attributes = dict(golden["headers"])
    assert (decoded.event_id, decoded.source) == (attributes["ce_id"], attributes["ce_source"])


@pytest.mark.parametrize("path", [p for p in GOLDEN if ".v1" in p.stem], ids=lambda path: path.stem)
def test_golden_messages_of_the_current_version_are_written_as_ever(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    decoded = decode(Topic(golden["topic"]), golden["value"].encode())
    assert isinstance(decoded, Decoded)
    attributes = dict(golden["headers"])
    written = encode(
        UUID(attributes["ce_id"]), attributes["ce_source"], attributes["ce_type"],
        datetime.fromisoformat(attributes["ce_time"]), decoded.event.model_dump(mode="json", exclude_defaults=True),
    )  # fmt: skip
    assert written == (encoded(golden["headers"]), golden["value"].encode())


def encoded(headers: list[tuple[str, str]]) -> list[tuple[str, bytes]]:
    return [(name, text.encode()) for name, text in headers]


def test_a_body_alone_is_enough() -> None:
    assert decode(CREATED, b'{"media_id": 7}') == Decoded(MediaCreated(media_id=7))
    assert decode(UPDATED, b'{"media_id": 7, "title": "new"}') == Decoded(MediaUpdated(media_id=7))
    body = b'{"media_id": 7, "job_type": "ollama_caption", "outcome": "done"}'
    assert decode(COMPLETED, body) == Decoded(StageCompleted(media_id=7, job_type="ollama_caption", outcome="done"))


@pytest.mark.parametrize("headers", [CLOUD[::-1], [(n.upper(), v) for n, v in CLOUD], [("ce_id", b"old"), *CLOUD]])
def test_headers_may_come_in_any_order_and_case_and_the_last_of_a_name_counts(headers: Any) -> None:
    assert decode(CREATED, b'{"media_id": 7}', headers) == Decoded(MediaCreated(media_id=7), "a-1", "/app")


def test_the_type_decides_what_an_event_is() -> None:
    headers = [*CLOUD[:3], ("ce_type", b"media.updated")]
    assert decode(CREATED, b'{"media_id": 7, "force": true}', headers) == Decoded(
        MediaUpdated(media_id=7, force=True), "a-1", "/app"
    )


@pytest.mark.parametrize("value", [b'{"other": 1}', b"<xml/>", b"\xff", None])
def test_a_type_that_is_none_of_ours_is_ignored_whatever_it_holds(value: bytes | None) -> None:
    assert decode(CREATED, value, [*CLOUD[:3], ("ce_type", b"media.viewed")]) == Ignored("media.viewed")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ce_specversion": b"2.0"}, "unknown_specversion"),
        ({"ce_id": b""}, "missing_attribute"),
        ({"ce_source": None}, "missing_attribute"),
        ({"ce_type": None}, "missing_attribute"),
        ({"ce_id": b"\xff"}, "bad_header"),
        ({"ce_id": b"a\x00b"}, "bad_attribute"),
        ({"ce_id": b"x" * 513}, "bad_attribute"),
    ],
)
def test_a_cloud_event_that_is_not_one_is_refused(change: dict[str, bytes | None], expected: str) -> None:
    headers = list({**dict(CLOUD), **change}.items())
    assert reason(CREATED, b'{"media_id": 7}', headers) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "tombstone"),
        (b"", "empty_value"),
        (b" \n", "empty_value"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"media_id": "\xc3', "not_utf8"),
        (b'{"media_id": 7', "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"media_id=7", "not_json"),
        (b"7", "not_an_object"),
        (b"[7]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"media_id": 7, "pad": "' + b"x" * MAX_BYTES + b'"}', "too_large"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b'{"media_id": 7, "media_id": 8}', "duplicate_keys"),
        (b'{"media_id": 7, "x": {"a": 1, "a": 1}}', "duplicate_keys"),
        (b'{"media_id": NaN}', "bad_number"),
        (b'{"media_id": 7, "x": -Infinity}', "bad_number"),
        (b'{"media_id": 7, "x": 1e400}', "bad_number"),
        (b'{"media_id": 7, "x": ' + b"9" * 300 + b"}", "bad_number"),
        (b'{"media_id": ' + b"9" * 5_000 + b"}", "bad_number"),
        (b'{"media_id": 7, "priority": -101}', "bad_field"),
        (b"{}", "missing_media_id"),
        *((b'{"media_id": %s}' % bad, "bad_media_id") for bad in (
            b'"0"', b'"7"', b'" 7"', b'"1e3"', b"0", b"-1", b"9223372036854775808", b"1e3", b"7.0", b"true", b"null",
        )),
    ],
)  # fmt: skip
def test_bytes_that_are_no_event_are_refused_with_a_reason(value: bytes | None, expected: str) -> None:
    assert reason(CREATED, value) == expected


@pytest.mark.parametrize(
    "member",
    ['"force": 1', '"force": "true"', '"job_types": "a"', '"job_types": ["A"]', '"job_types": [1]',
     '"job_types": ["a\\u0000"]', '"job_types": ["\\ud800"]', '"cascade": null', '"priority": 101', '"priority": 1.0',
     f'"job_types": {json.dumps(["a"] * 65)}', '"score_batch": ""', '"score_batch": "a\\u0000"',
     '"score_batch": "a\\n"', '"score_batch": 7', '"score_batch": "\\ud800"', f'"score_batch": "{"x" * 65}"'],
)  # fmt: skip
def test_wrongly_typed_fields_are_refused(member: str) -> None:
    assert reason(UPDATED, f'{{"media_id": 7, {member}}}'.encode()) == "bad_field"


def test_a_completion_needs_its_job_type_and_outcome() -> None:
    assert reason(COMPLETED, b'{"media_id": 7, "job_type": "a"}') == "missing_field"
    assert reason(COMPLETED, b'{"media_id": 7, "job_type": "a", "outcome": "due"}') == "bad_field"
    text = b'{"media_id": 7, "job_type": "a", "outcome": "done", "reason": "%s"}'
    assert reason(COMPLETED, text % b"\\u0000") == "bad_field"
    assert reason(COMPLETED, text % (b"x" * 257)) == "bad_field"


def test_what_is_only_many_brackets_is_not_deep() -> None:
    flat = b'{"media_id": 7, "x": [' + b",".join([b"[]"] * 5_000) + b'], "y": "' + b"[{" * 500 + b'\\"["}'
    assert isinstance(decode(CREATED, flat), Decoded)


@pytest.mark.parametrize("text", [b'"', b'"\\"', b'"\\', b'{"a":"\\\\', b'[["'])
def test_a_megabyte_of_quotes_and_backslashes_is_scanned_once(text: bytes) -> None:
    value = b"[" * 40 + text * ((MAX_BYTES - 40) // len(text))
    assert reason(CREATED, value) == "too_deep"


job_types = st.from_regex(r"\A[a-z0-9_]{1,64}\Z")
ids = st.integers(1, 2**63 - 1)
counts = st.none() | st.integers(0, 2**63 - 1)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=256)
events = (
    st.builds(MediaCreated, media_id=ids, priority=st.none() | st.integers(-100, 100))
    | st.builds(
        MediaUpdated, media_id=ids, force=st.booleans(), cascade=st.booleans(),
        job_types=st.lists(job_types, max_size=5).map(tuple), priority=st.none() | st.integers(-100, 100),
        score_batch=st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64),
    )
    | st.builds(
        StageCompleted, media_id=ids, job_type=job_types, outcome=st.sampled_from(["done", "skipped", "failed"]),
        reason=words, run=counts, model=st.none() | words, prompt_tokens=counts, answer_tokens=counts,
        duration_ms=counts, generation=counts, plan_no=counts,
    )
)  # fmt: skip


@given(events, st.uuids(), st.datetimes(timezones=st.just(UTC)), st.sampled_from(Mode))
def test_what_is_written_is_read_back(event: Any, event_id: UUID, time: datetime, mode: Mode) -> None:
    topic = next(topic for topic, kind in EVENTS.items() if isinstance(event, kind))
    body = event.model_dump(mode="json", exclude_none=True)
    headers, value = encode(event_id, "urn:bildwerk:x", topic, time, body, mode)
    assert decode(topic, value, headers) == Decoded(event, str(event_id), "urn:bildwerk:x")
    assert encode(event_id, "urn:bildwerk:x", topic, time, body, mode) == (headers, value)
