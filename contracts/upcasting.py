"""Versions of events: older bodies become current ones step by step, newer ones are refused, never guessed.

An event's version is `schema_version` in its body. A body without it is of version 1, or of version 0: as programs
write it that name their fields in camel case.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.json_objects import Undecodable
from contracts.topics import INTAKE_TOPICS, Topic

FIELD: Final = "schema_version"
CAMEL_FIELD: Final = "schemaVersion"
"""As a body in camel case says it."""
OLDEST: Final = 0
KNOWN: Final = (0, 1)
"""What a body in camel case may say of itself."""
CURRENT: Mapping[Topic, int] = MappingProxyType(dict.fromkeys(INTAKE_TOPICS, 1))
"""The version that the models describe, and that is written."""

Upcaster = Callable[[Mapping[str, Any]], dict[str, Any]]
_CAPITAL = re.compile(r"(?<=[a-z0-9])[A-Z]")


def upcast(topic: Topic, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body in its event's current version. Raises Undecodable: bad_field, unknown_version."""
    version, current = _version(body), CURRENT[topic]
    if version > current:
        raise Undecodable("unknown_version", f"{FIELD} {version}; known up to {current}")
    for step in range(version, current):
        body = UPCASTERS[topic, step](body)
    return {**body, FIELD: current}


def names_medium(body: Mapping[str, Any]) -> bool:
    """Whether the body says, in some version, which medium it is about."""
    return "media_id" in body or "mediaId" in body


def _version(body: Mapping[str, Any]) -> int:
    version = body.get(FIELD, 0 if "mediaId" in body and "media_id" not in body else 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < OLDEST:
        raise Undecodable("bad_field", f"{FIELD}: not a version")
    if version == OLDEST and body.get(CAMEL_FIELD, OLDEST) not in KNOWN:
        raise Undecodable("unknown_version", f"{CAMEL_FIELD} beside mediaId; known up to {max(KNOWN)}")
    return version


def _from_camel_case(body: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1 from 0: `mediaId` is `media_id`, and so on. What is there in both spellings keeps its own."""
    renamed = {_CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", name): value for name, value in body.items()}
    return {**renamed, **{name: value for name, value in body.items() if name in renamed}}


UPCASTERS: Mapping[tuple[Topic, int], Upcaster] = MappingProxyType(
    {(topic, 0): _from_camel_case for topic in INTAKE_TOPICS}
)
"""By event and version: what makes the next version of it."""
