"""A decoder with a mistake, to show that the fuzzer finds one."""

import json
from collections.abc import Iterator

from contracts.codec import Decoded
from tests.acceptance.bad_events import Sent
from tests.fuzz import decoder
from tests.fuzz.target import Target


def look(data: bytes) -> None:
    """Fail for one kind of event only: one of a CloudEvent, in camel case, that is to cascade."""
    sent = decoder.unpack(data)
    decoded = decoder.decode_or_refuse(sent)
    if not isinstance(decoded, Decoded) or not decoded.event_id or b"mediaId" not in (sent.value or b""):
        return
    if getattr(decoded.event, "cascade", False):
        raise KeyError("planted")


def make_seeds() -> Iterator[bytes]:
    """Nothing that comes near it but for one ordinary event."""
    envelope = {"specversion": "1.0", "id": "a", "source": "/a", "type": "media.updated"}
    data = {"mediaId": 7, "cascade": False}
    yield decoder.pack(Sent(json.dumps({**envelope, "data": data}).encode()))


TARGET = Target(look, make_seeds, decoder.WORDS, decoder.change)
