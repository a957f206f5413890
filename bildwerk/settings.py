"""Every setting, read once at start from the environment; rooms receive values, never the environment."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bildwerk.addresses import check_database_url, check_server
from bildwerk.environment import FileVariants
from contracts.topics import Topic
from handlers.inference.hosts import Host, parse_hosts
from handlers.policy.rule_file import BadRules, load_rules
from handlers.registry import load_stages

PREFIX = "BILDWERK_"
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
    servers = tuple(server.rpartition("://")[2] for server in value)
    if not servers:
        raise ValueError("must name at least one server, as host:port")
    for server in servers:
        check_server(server)
    return servers


def _job_types(value: tuple[str, ...]) -> tuple[str, ...]:
    known = [stage.job_type for stage in load_stages()]
    if unknown := sorted(set(value) - set(known)):
        raise ValueError(f"there is no {', '.join(unknown)}: job types are {', '.join(known)}")
    return value


def _rules(value: Path | None) -> Path | None:
    if value is not None:
        try:
            load_rules(value)
        except BadRules as error:
            raise ValueError(str(error)) from None
    return value


def _cache_folder() -> Path:
    """The XDG base directory specification's place."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bildwerk"


JobTypes = Annotated[tuple[str, ...], AfterValidator(_job_types), BeforeValidator(_split)]
SomeJobTypes = Annotated[JobTypes, Field(min_length=1)]
Servers = Annotated[tuple[str, ...], AfterValidator(_servers), BeforeValidator(_split)]
Hosts = Annotated[tuple[Host, ...], BeforeValidator(_hosts)]
RuleFile = Annotated[Path | None, AfterValidator(_rules)]
Language = Annotated[str, AfterValidator(_language)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
OptionalWrite = Literal["provenance", "tags", "quality", "events", "prompts"]
OptionalWrites = Annotated[tuple[OptionalWrite, ...] | None, BeforeValidator(_writes)]


class Settings(BaseSettings):
    """What an operator can set. Durations are seconds, sizes bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        enable_decoding=False,
        env_ignore_empty=True,
        populate_by_name=True,
    )

    # where things are
    database_url: Dsn = Field(
        validation_alias="DATABASE_URL",
        description="PostgreSQL 16 or newer; holds the password.",
        examples=["postgresql://user:password@host:5432/database"],
    )
    kafka_bootstrap_servers: Servers = Field(
        ("localhost:9092",),
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="Brokers, comma-separated.",
    )
    ollama_host: Hosts = Field(
        parse_hosts(""),
        validation_alias="OLLAMA_HOST",
        description="Ollama servers, comma-separated, each with an optional `=slots` (else 1): `gpu1:11434=4,gpu2`.",
    )
    media_root: Path = Field(Path("media"), description="Folder that the paths in `media.path` are relative to.")

    # what is asked
    model: str = Field(
        "qwen3-vl:4b-instruct",
        min_length=1,
        description="Vision model that answers every job type.",
    )
    language: Language = Field("en", description="Language of what is written.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 answers the same question the same way.")
    seed: int = Field(0, ge=0, description="Seed of the model's sampling.")
    num_ctx: int = Field(
        8192,
        ge=2048,
        description="Context in tokens; another value than other clients' reloads the model.",
    )
    layout: Literal["split", "assistant", "generate"] = Field(
        "split",
        description="How requests are laid out so that the server reuses the picture it has read.",
    )
    job_types: SomeJobTypes | None = Field(
        None, description="Job types that are done at all, comma-separated; unset: every one."
    )
    foreign_job_types: JobTypes = Field(
        (), description="Job types that another program does; we wait for its completions."
    )
    writes: OptionalWrites = Field(
        None,
        description="Optional writes (provenance, ...) or `none`; unset: all in our tables, none in a platform's.",
    )

    # what may be published
    policy_file: RuleFile = Field(
        None, description="File of the rules that decide whether a picture may be published; unset: those built in."
    )
    policy_when: Literal["always", "staging"] = Field(
        "always", description="Decide on all media that were analysed, or only on those staged for publication."
    )

    nsfw_detector: Literal["none", "open_nsfw"] = Field(
        "none", description="Who looks for nudity where the platform's scan flags do not; needs `bildwerk[nsfw]`."
    )

    # Ollama
    rate_per_minute: float | None = Field(
        None, gt=0, description="At most so many calls a minute to each host; unset: no limit."
    )
    call_timeout_seconds: Seconds = Field(
        600.0, description="Longest model call; must exceed the slowest reading of a picture."
    )
    connect_timeout_seconds: Seconds = Field(5.0, description="Longest wait for a connection, to any service.")

    # Kafka
    kafka_group: str = Field("bildwerk", min_length=1, description="Consumer group; all instances share it.")
    kafka_idempotence: bool = Field(True, description="Idempotent producer; the embedded broker has none.")
    kafka_session_timeout_seconds: Seconds = Field(45.0, description="Silence after which the group drops an instance.")
    topic_media_created: TopicName = Field(Topic.MEDIA_CREATED.value, description="Topic of uploads.")
    topic_media_updated: TopicName = Field(Topic.MEDIA_UPDATED.value, description="Topic of changes and requests.")
    topic_stage_completed: TopicName = Field(
        Topic.STAGE_COMPLETED.value, description="Topic of finished jobs, read and written."
    )
    topic_dead_letter: TopicName = Field(
        Topic.DEAD_LETTER.value, description="Topic of events that could not be understood."
    )
    intake_batch: Count = Field(500, description="Events planned in one transaction, at most.")
    relay_batch: Count = Field(500, description="Outbox rows published at a time, at most.")
    event_max_bytes: Count = Field(262_144, description="A larger event is a dead letter.")
    dead_letter_limit: int = Field(
        100, ge=0, description="Dead letters in a row after which intake stops: the fault is not theirs; 0: never."
    )
    dead_letter_bytes: Count = Field(65_536, le=65_536, description="How much of a dead letter's value is kept.")

    # work
    lease_seconds: Seconds = Field(
        30.0,
        ge=3,
        description="How long a medium or slot stays taken after its owner's last sign of life.",
    )
    poll_seconds: Seconds = Field(1.0, description="How often an idle worker, inspector or relay looks for work.")
    grace_seconds: Seconds = Field(60.0, description="How long a stopping service waits for the calls under way.")
    plan_in_finish: bool = Field(
        True, description="Plan the next job in the finishing transaction; off: by events alone."
    )
    tries: Count = Field(3, description="Tries of a job that fails in passing.")
    retry_base_seconds: Seconds = Field(2.0, description="Wait before the second try; doubles with each, with jitter.")
    retry_cap_seconds: Seconds = Field(60.0, description="Longest wait between two tries.")
    failure_limit: Count = Field(20, description="Failures in a row after which no new work is taken for a while.")
    missing_tries: Count = Field(10, description="How often we look for a medium that an event named too early.")
    missing_delay_seconds: Seconds = Field(2.0, description="Wait before the first of these looks; doubles with each.")
    sweep_seconds: Seconds = Field(10.0, description="Pause between two slices of the sweep.")
    sweep_batch: Count = Field(200, description="Media in a slice of the sweep.")
    purge_days: float = Field(
        7.0, ge=0, description="Days after which what was kept of a deleted medium is forgotten, but for a tombstone."
    )
    raw_answer_days: float = Field(
        180.0, ge=0, description="Days for which the model's answers are kept word for word."
    )
    pool_size: int = Field(10, ge=2, description="Database connections of one instance.")

    # pictures
    picture_max_bytes: Count = Field(200 * 2**20, description="A larger file is not read.")
    picture_max_pixels: Count = Field(50_000_000, description="A picture with more pixels is not decoded.")
    picture_longest_side: int = Field(1024, ge=64, description="Longest side, in pixels, of what the model sees.")
    picture_quality: int = Field(85, ge=1, le=95, description="JPEG quality of what the model sees.")
    decoder_processes: Count = Field(2, description="Child processes that decode pictures.")
    decoder_memory_bytes: int = Field(1536 * 2**20, ge=2**28, description="Address space of one of them.")
    decoder_seconds: Seconds = Field(30.0, description="Longest decoding of one picture.")
    cache_folder: Path = Field(default_factory=_cache_folder, description="Where prepared pictures are kept.")
    cache_bytes: Count = Field(2 * 2**30, description="Size the cache is held to.")

    # what is shown
    web_host: str = Field("127.0.0.1", description="Address of /healthz, /readyz and /metrics; they have no password.")
    web_port: int = Field(8080, ge=0, le=65535, description="Port of the same; 0: not served.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or text for a terminal."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then `<VARIABLE>_FILE`; no dotenv file is looked for."""
        return init_settings, env_settings, FileVariants(settings_cls)
