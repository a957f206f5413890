"""A message's key: what we send, and which of others' name the same medium."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import PLACE, make_key, names_medium


def test_a_template_stands_around_the_id() -> None:
    assert make_key(PLACE, "7") == b"7"
    assert make_key("media-{media_id}/é", "7") == "media-7/é".encode()


@pytest.mark.parametrize(
    "key", [b"7", b"m-7", b'"7"', b'"m-7"', b'{"schema": {"type": "string"}, "payload": "7"}', b'{"payload": 7}']
)
def test_a_mediums_key_may_be_plain_or_wrapped(key: bytes) -> None:
    assert names_medium(key, 7, "m-{media_id}")


@pytest.mark.parametrize(
    "key",
    [b"", b"8", b"m-8", b"07", b"7.0", b'"8"', b"true", b"null", b"[7]", b'{"payload": [7]}', b"[" * 200, b"\xff",
     b'"\\ud800"', b" " * 300 + b"7"],
)  # fmt: skip
def test_any_other_key_names_another_medium_or_none(key: bytes) -> None:
    assert not names_medium(key, 7, "m-{media_id}")


@given(
    st.integers(1, 2**63 - 1), st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=20)
)
def test_what_we_send_names_its_medium(media_id: int, before: str) -> None:
    template = f"{before}{PLACE}"
    key = make_key(template, str(media_id))
    assert names_medium(key, media_id, template)
    assert names_medium(json.dumps(key.decode()).encode(), media_id, template)
    assert not names_medium(key, media_id + 1, template)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_key(key: bytes) -> None:
    names_medium(key, 7, PLACE)
