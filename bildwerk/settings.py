"""Every setting, read once at start from the environment; rooms receive values, never the environment."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from bildwerk.choice_settings import ChoiceSettings
from bildwerk.kafka_access_settings import KafkaAccessSettings
from bildwerk.model_settings import ModelSettings
from bildwerk.reference_settings import ReferenceSettings
from bildwerk.setting_sources import FromEnvironment
from bildwerk.setting_types import (
    Count,
    Dsn,
    EventKey,
    Hosts,
    JobTypes,
    Language,
    OptionalWrites,
    PlatformFile,
    Prefixes,
    RuleFile,
    Seconds,
    Servers,
    Share,
    SomeJobTypes,
    TopicName,
)
from contracts.codec import Mode
from contracts.keys import PLACE
from contracts.topics import Topic
from handlers.inference.hosts import parse_hosts
from handlers.reconstruction.rules import ReconstructionRules
from handlers.tags.rules import TagRules

PREFIX = "BILDWERK_"
TAG_RULES, RECONSTRUCTION_RULES = TagRules(), ReconstructionRules()


def _cache_folder() -> Path:
    """The XDG base directory specification's place."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bildwerk"


class Settings(ChoiceSettings, KafkaAccessSettings, ModelSettings, ReferenceSettings, FromEnvironment):
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

    # what is asked
    language: Language = Field("en", description="Language of what is written.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 answers the same question the same way.")
    seed: int = Field(0, ge=0, description="Seed of the model's sampling.")
    num_ctx: int = Field(
        8192,
        ge=2048,
        description="Context in tokens; another value than other clients' reloads the model.",
    )
    reuse_answers: bool = Field(
        False,
        description="Take over caption, title, tags and scores from a medium with the same pixels (docs/reuse.md).",
    )
    layout: Literal["auto", "split", "assistant", "generate"] = Field(
        "auto",
        description="Where the picture stands in a request; `auto`: where a probe finds it reused (docs/calls.md).",
    )
    fused: Literal["auto", "always", "never"] = Field(
        "auto", description="One call for a picture's due jobs; `auto`: where a probe finds that nothing is reused."
    )
    job_types: SomeJobTypes | None = Field(
        None, description="Job types that are done at all, comma-separated; unset: every one."
    )
    foreign_job_types: JobTypes = Field(
        (), description="Job types that another program does; we wait for its completions."
    )
    writes: OptionalWrites = Field(
        None,
        description="Any of provenance, quality, tags, prompts, events, or `none`; unset: all in our tables, "
        "none in a platform's.",
    )

    # tags and prompts
    tags_minimum: int = Field(
        TAG_RULES.minimum, ge=0, description="Tags are asked for when others gave a picture fewer distinct ones."
    )
    tags_inconsistency: Share = Field(
        TAG_RULES.inconsistency,
        description="Or when they go together worse than this: 0, never a doubt, to 1 (docs/tags.md has the formula).",
    )
    tags_most: Count = Field(TAG_RULES.most, description="A picture that carries so many tags gets no more.")
    tags_reserved: Prefixes = Field(
        TAG_RULES.reserved, description="Tags that begin like this belong to programs: never given, counted or touched."
    )
    prompt_minimum_words: Count = Field(
        RECONSTRUCTION_RULES.minimum_words, description="A prompt of fewer words is incomplete, and reconstructed."
    )
    prompt_minimum_tags: Count = Field(
        RECONSTRUCTION_RULES.minimum_tags, description="The same of a prompt that is a list of tags."
    )
    prompt_confidence: Share = Field(
        RECONSTRUCTION_RULES.confidence_limit,
        description="Below this a reconstructed prompt does not enter `prompt_history`.",
    )

    # what may be published
    policy_file: RuleFile = Field(
        None, description="File of the rules that decide whether a picture may be published; unset: those built in."
    )
    policy_when: Literal["always", "staging"] = Field(
        "always",
        description="Decide `always`, on all media that were analysed, or only on those in `staging` for publication.",
    )

    nsfw_detector: Literal["none", "open_nsfw"] = Field(
        "none",
        description="Who looks for nudity where scan flags do not: `none`, or `open_nsfw`"
        " (needs the extra `nsfw`: docs/policy.md).",
    )

    # the platform
    platform: PlatformFile = Field(
        None,
        description="File that says which of a platform's tables and columns play which part (docs/platforms.md); "
        "unset: those of our names. `BILDWERK_PLATFORM__MEDIA__TABLE=...` sets a single entry.",
    )

    # Ollama
    ollama_api_key: SecretStr | None = Field(
        None, description="Bearer token for Ollama hosts whose URL has no user: for a proxy that asks for one."
    )
    rate_per_minute: float | None = Field(
        None, gt=0, description="At most so many calls a minute of each instance to each host; unset: no limit."
    )
    call_timeout_seconds: Seconds = Field(
        600.0, description="Longest model call; must exceed the slowest reading of a picture."
    )
    connect_timeout_seconds: Seconds = Field(5.0, description="Longest wait for a connection, to any service.")

    # Kafka
    kafka_group: str = Field("bildwerk", min_length=1, description="Consumer group; all instances share it.")
    kafka_idempotence: bool = Field(True, description="Idempotent producer; the embedded broker has none.")
    kafka_session_timeout_seconds: Seconds = Field(45.0, description="Silence after which the group drops an instance.")
    kafka_fetch_wait_seconds: float = Field(0.5, ge=0.001, le=10, description="Wait of a fetch for messages.")
    topic_media_created: TopicName = Field(Topic.MEDIA_CREATED.value, description="Topic of uploads.")
    topic_media_updated: TopicName = Field(Topic.MEDIA_UPDATED.value, description="Topic of changes and requests.")
    topic_stage_completed: TopicName = Field(
        Topic.STAGE_COMPLETED.value, description="Topic of finished jobs, read and written."
    )
    topic_dead_letter: TopicName = Field(
        Topic.DEAD_LETTER.value, description="Topic of events that could not be understood."
    )
    event_mode: Mode = Field(
        Mode.BINARY, description="How our events are written as CloudEvents: `binary` or `structured`; read are both."
    )
    event_key: EventKey = Field(
        PLACE, description="Key of our messages: the medium's id, and what is to stand around it."
    )
    intake_batch: Count = Field(500, description="Events planned in one transaction, at most.")
    relay_batch: Count = Field(500, description="Outbox rows published at a time, at most.")
    event_max_bytes: Count = Field(262_144, description="A larger event is a dead letter.")
    dead_letter_limit: int = Field(
        1_000,
        ge=0,
        description="Dead letters of a topic in a row at which intake stops: the fault is not theirs; 0: never.",
    )
    dead_letter_window: int = Field(
        1_000, ge=0, le=100_000, description="So many of a topic's last events are looked at together; 0: never."
    )
    dead_letter_share: float = Field(
        0.9, gt=0, le=1, description="The share of dead letters among them at which intake stops, too."
    )
    dead_letter_bytes: Count = Field(65_536, le=65_536, description="How much of a dead letter's value is kept.")

    # work
    lease_seconds: Seconds = Field(
        30.0, ge=3, description="How long a medium or slot stays taken after its owner's last sign of life."
    )
    poll_seconds: Seconds = Field(1.0, description="How often an idle worker, inspector or relay looks for work.")
    grace_seconds: Seconds = Field(60.0, description="How long a stopping service waits for the calls under way.")
    plan_in_finish: bool = Field(True, description="Plan in the finishing transaction; off: by events alone.")
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
    stuck_seconds: Seconds = Field(
        300.0, description="Silence of a loop of ours after which `/healthz` says that it is stuck (docs/health.md)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="`json`: one JSON object a line, or `console`: text for a terminal."
    )
