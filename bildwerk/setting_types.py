"""What a setting's value may be, and how text becomes it."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr, ValidationInfo

from bildwerk.addresses import check_database_url, check_server
from bildwerk.platform_entries import Platform, read_platform
from contracts.keys import PLACE
from db.platform_parts import NEEDS
from handlers.inference.hosts import Host, parse_hosts
from handlers.policy.rule_file import BadRules, load_rules
from handlers.registry import load_stages

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language tag of BCP 47, as far as it says which language."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _writes(value: object) -> object:
    return () if value == "none" else _split(value)


def _hosts(value: object) -> object:
    return parse_hosts(value) if isinstance(value, str) else value


def _dsn(value: SecretStr) -> SecretStr:
    check_database_url(value.get_secret_value())
    return value


def _language(value: str) -> str:
    if not LANGUAGE.fullmatch(value):
        raise ValueError("must be the code of a language, such as en, de or pt-BR")
    return value


def _servers(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(server.startswith(("SSL://", "SASL_")) for server in value):
        raise ValueError("names host:port only; the protocol is set by BILDWERK_KAFKA_SECURITY_PROTOCOL")
    servers = tuple(server.rpartition("://")[2] for server in value)
    if not servers:
        raise ValueError("must name at least one server, as host:port")
    for server in servers:
        check_server(server)
    return servers


def check_job_types(value: tuple[str, ...]) -> tuple[str, ...]:
    """The names as they are. Raises ValueError for one that is no job type's."""
    known = [stage.job_type for stage in load_stages()]
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"there is no {', '.join(unknown)}: job types are {', '.join(known)}")
    return value


def _event_key(value: str) -> str:
    before, place, after = value.partition(PLACE)
    around = before + after
    if not place or not around.isprintable() or "{" in around or "}" in around:
        raise ValueError(f"must hold {PLACE} once, no other braces and no control characters")
    return value


def _rules(value: Path | None) -> Path | None:
    if value is not None:
        try:
            load_rules(value)
        except BadRules as error:
            raise ValueError(str(error)) from None
    return value


def _platform(value: Platform | None, info: ValidationInfo) -> Platform | None:
    """A mapping has what the settings above it write and look at."""
    if value is None:
        return None
    writes = info.data.get("writes") or ()
    missing = [
        f"there is no {place}, but BILDWERK_WRITES names {write}: map it, or leave {write} out"
        for write in writes
        for place in NEEDS.get(write, ())
        if not value.mapping.has(place)
    ]
    if info.data.get("policy_when") == "staging" and not value.mapping.has("media.publish_state"):
        missing.append("there is no media.publish_state, but BILDWERK_POLICY_WHEN is staging: map it, or decide always")
    if missing:
        raise ValueError("\n".join(missing))
    return value


JobTypes = Annotated[tuple[str, ...], AfterValidator(check_job_types), BeforeValidator(_split)]
SomeJobTypes = Annotated[JobTypes, Field(min_length=1)]
Servers = Annotated[tuple[str, ...], AfterValidator(_servers), BeforeValidator(_split)]
Hosts = Annotated[tuple[Host, ...], BeforeValidator(_hosts)]
RuleFile = Annotated[Path | None, AfterValidator(_rules)]
Language = Annotated[str, AfterValidator(_language)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
EventKey = Annotated[str, Field(max_length=128), AfterValidator(_event_key)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Prefixes = Annotated[tuple[str, ...], BeforeValidator(_split)]
Seconds = Annotated[float, Field(gt=0)]
PlatformFile = Annotated[InstanceOf[Platform] | None, AfterValidator(_platform), BeforeValidator(read_platform)]
OptionalWrite = Literal["provenance", "tags", "quality", "events", "prompts"]
OptionalWrites = Annotated[tuple[OptionalWrite, ...] | None, BeforeValidator(_writes)]
