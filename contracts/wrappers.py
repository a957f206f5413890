"""What Kafka Connect and Debezium's outbox event router put around a body, and the id they send beside it."""

import re
from collections.abc import Mapping
from typing import Any

from contracts.json_objects import Undecodable, read_json, read_object, require_object
from contracts.upcasting import names_medium

MOST = 4
"""A schema's envelope, one for additional fields, an escaped body, and one to spare."""

_UNIQUE = re.compile(rb'"?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24}|[0-9a-fA-F]{32})"?')


def unwrap(parsed: Any, max_bytes: int) -> dict[str, Any]:
    """The event's body: `parsed` itself, or what is in its `payload`, or in the JSON that it holds as text.

    A body that names its medium is wrapped in nothing, whatever else it holds. Raises Undecodable with the reasons of
    `read_json` and: tombstone (the payload is null), not_an_object.
    """
    for _ in range(MOST):
        if isinstance(parsed, str):
            parsed = read_json(parsed.encode("utf-8", "surrogatepass"), max_bytes)
        elif isinstance(parsed, dict) and "payload" in parsed and not names_medium(parsed):
            if (parsed := parsed["payload"]) is None:
                raise Undecodable("tombstone", "payload")
        else:
            break
    return require_object(parsed)


def find_event_id(headers: Mapping[str, bytes]) -> str | None:
    """The id that an outbox gave its event: a header `id` that is a UUID or an ObjectId.

    Anything else under that name may be the medium's, which would make all its events one.
    """
    given = headers.get("id", b"").strip()
    if given.startswith(b"{"):  # as Kafka Connect's JsonConverter writes headers, beside their schema
        try:
            given = str(read_object(given).get("payload")).encode("utf-8", "replace")
        except Undecodable:
            return None
    match = _UNIQUE.fullmatch(given)
    return match and match[1].decode().lower()
