"""What the rooms are given: small values made from the settings, which they never see."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bildwerk.export.sidecars import Naming, Sidecars
from bildwerk.kafka_access import make_access
from bildwerk.model_arguments import list_textual, make_models
from bildwerk.settings import Settings
from consumers.kafka import KafkaSettings
from consumers.triage import Rules
from contracts.facts import QUALITY_SCORE, QUALITY_STATUS
from contracts.topics import Topic
from db.platform import OURS, PlatformMapping
from db.platform_keys import name_key
from db.pool import Database
from handlers.backoff import Backoff
from handlers.chain import Chain
from handlers.choice.choice import Choice
from handlers.inference.client import InferenceOptions
from handlers.inference.options import Layout
from handlers.inference.picture_tokens import count_companions
from handlers.inspect.limits import PictureLimits
from handlers.inspect.nsfw import OpenNsfw
from handlers.inspect.places import UNNAMED
from handlers.inspect.references import MediaRoot
from handlers.inspect.remote.buckets import Account, Buckets
from handlers.inspect.remote.web import Web
from handlers.inspect.sources import Remote, Sources
from handlers.policy.policy import Policy
from handlers.policy.rule_file import default_policy, load_rules
from handlers.reconstruction.rules import ReconstructionRules
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Planner
from handlers.runner.writing import OPTIONAL_WRITES, EffectWriter
from handlers.stage import Stage
from handlers.stages.duplicate_assist import RESERVED, DuplicateAssistStage
from handlers.stages.policy_flags import PolicyFlagsStage
from handlers.stages.prompt_recon import PromptReconStage
from handlers.stages.tags_normalize import TagsNormalizeStage
from handlers.tags.rules import TagRules

LAYOUTS = {
    "auto": None, "split": Layout.TWO_USER_TURNS, "assistant": Layout.READY_BETWEEN, "generate": Layout.GENERATE,
}  # fmt: skip


def make_database(settings: Settings) -> Database:
    """Where PostgreSQL is."""
    return Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        connect_timeout=settings.connect_timeout_seconds,
        platform=make_platform(settings),
    )


def make_platform(settings: Settings) -> PlatformMapping:
    """Where the platform's tables are."""
    return OURS if settings.platform is None else settings.platform.mapping


def make_planner(settings: Settings) -> Planner:
    """What plans media."""
    look_again = Backoff(settings.missing_tries, settings.missing_delay_seconds, cap=60.0)
    return Planner(make_chain(settings), settings.language, look_again, detects=settings.nsfw_detector != "none")


def make_chain(settings: Settings) -> Chain:
    """The stages, and which of them run here."""
    stages = tuple(make_stage(settings, stage) for stage in load_stages())
    off = {stage.job_type for stage in stages}.difference(settings.job_types) if settings.job_types else ()
    foreign = frozenset(settings.foreign_job_types)
    return Chain(stages, foreign, frozenset(off), make_choice(settings), make_models(settings))


def make_choice(settings: Settings) -> Choice:
    """Which media are worked on."""
    platform = make_platform(settings)
    only_meta, except_meta = (
        tuple(replace(label, key=name_key(platform, label.key)) for label in labels)
        for labels in (settings.only_meta, settings.except_meta)
    )
    return Choice(
        only_paths=settings.only_paths,
        except_paths=settings.except_paths,
        only_types=settings.only_types,
        except_types=settings.except_types,
        only_meta=only_meta,
        except_meta=except_meta,
        size=settings.only_bytes,
        pixels=settings.only_pixels,
        age=settings.only_age,
    )


def make_stage(settings: Settings, stage: Stage[Any]) -> Stage[Any]:
    """The stage with what is set for it. Raises BadRules."""
    match stage:
        case TagsNormalizeStage():
            return TagsNormalizeStage(make_tag_rules(settings))
        case DuplicateAssistStage():
            model = make_models(settings).of(stage.job_type)
            return DuplicateAssistStage(
                count_companions(model, settings.picture_longest_side, settings.num_ctx, RESERVED)
            )
        case PromptReconStage():
            words, tags = settings.prompt_minimum_words, settings.prompt_minimum_tags
            return PromptReconStage(ReconstructionRules(words, tags, settings.prompt_confidence))
        case PolicyFlagsStage():
            return make_policy_stage(settings)
    return stage


def make_tag_rules(settings: Settings) -> TagRules:
    """What the library wants of its tags."""
    return TagRules(settings.tags_minimum, settings.tags_inconsistency, settings.tags_most, settings.tags_reserved)


def make_policy_stage(settings: Settings, policy: Policy | None = None) -> PolicyFlagsStage:
    """The stage that decides about publishing, by the given rules or those that are set. Raises BadRules."""
    return PolicyFlagsStage(policy or make_policy(settings), settings.policy_when)


def make_policy(settings: Settings) -> Policy:
    """The rules that are set. Raises BadRules."""
    return default_policy() if settings.policy_file is None else load_rules(settings.policy_file)


def make_detector(settings: Settings) -> OpenNsfw | None:
    """Who looks for nudity, if anybody is to. Raises DetectorMissing."""
    return OpenNsfw() if settings.nsfw_detector == "open_nsfw" else None


def make_kafka(settings: Settings) -> KafkaSettings:
    """How we speak to Kafka. Raises SettingsError."""
    return KafkaSettings(
        settings.kafka_bootstrap_servers,
        settings.kafka_group,
        {
            Topic.MEDIA_CREATED: settings.topic_media_created,
            Topic.MEDIA_UPDATED: settings.topic_media_updated,
            Topic.STAGE_COMPLETED: settings.topic_stage_completed,
            Topic.DEAD_LETTER: settings.topic_dead_letter,
        },
        settings.kafka_idempotence,
        make_access(settings),
        session_timeout=settings.kafka_session_timeout_seconds,
        fetch_wait=settings.kafka_fetch_wait_seconds,
        mode=settings.event_mode,
        key=settings.event_key,
    )


def make_rules(settings: Settings, planner: Planner) -> Rules:
    """How events are understood."""
    chain = planner.chain
    limits = (settings.event_max_bytes, settings.dead_letter_bytes)
    return Rules(frozenset(chain.upstreams), chain.foreign, *limits)


def make_limits(settings: Settings) -> PictureLimits:
    """How large pictures may be and what becomes of them."""
    return PictureLimits(
        max_bytes=settings.picture_max_bytes,
        max_pixels=settings.picture_max_pixels,
        longest_side=settings.picture_longest_side,
        quality=settings.picture_quality,
        child_memory=settings.decoder_memory_bytes,
        child_seconds=settings.decoder_seconds,
    )


def make_sources(settings: Settings) -> Sources:
    """Where references may lead. Looks at the media roots: what is a mount point now has to stay one."""
    folders = {UNNAMED: settings.media_root, **settings.media_roots}
    remotes = make_remotes(settings)
    if (settings.media_roots or remotes) and "media_root" not in settings.model_fields_set:
        del folders[UNNAMED]
    roots = {name: MediaRoot.note(path, settings.media_root_sentinel) for name, path in folders.items()}
    return Sources(roots, remotes)


def make_remotes(settings: Settings) -> dict[str, Remote]:
    """What reaches pictures elsewhere, by the scheme of their references; what is off is not there."""
    remotes: dict[str, Remote] = {}
    if settings.s3_buckets:
        secrets = (settings.s3_access_key_id, settings.s3_secret_access_key, settings.s3_session_token)
        keys = [None if secret is None else secret.get_secret_value() for secret in secrets]
        account = Account(settings.s3_endpoint, settings.s3_region, *keys)
        remotes["s3"] = Buckets.of(settings.s3_buckets, account, settings.reference_seconds)
    if settings.http_references:
        web = Web(settings.http_references, settings.http_allowed_networks, settings.reference_seconds)
        remotes |= {"http": web, "https": web}
    return remotes


def make_options(settings: Settings) -> InferenceOptions:
    """What is the same in every model call."""
    rate, key = settings.rate_per_minute, settings.ollama_api_key
    return InferenceOptions(
        settings.model,
        num_ctx=settings.num_ctx,
        seed=settings.seed,
        temperature=settings.temperature,
        total_timeout=settings.call_timeout_seconds,
        connect_timeout=settings.connect_timeout_seconds,
        rate=None if rate is None else rate / 60,
        layout=LAYOUTS[settings.layout],
        rendition_policy=make_limits(settings).recipe,
        api_key=None if key is None else key.get_secret_value(),
        textual=list_textual(settings),
    )


def make_sidecars(settings: Settings, into: Path | None, naming: Naming) -> Sidecars:
    """What writes sidecars, beside the pictures or into a folder of their own."""
    return Sidecars(make_sources(settings).roots, into, naming)


def make_finisher(settings: Settings, planner: Planner, *, owns_platform: bool) -> Finisher:
    """What settles jobs."""
    retry = Backoff(settings.tries, settings.retry_base_seconds, settings.retry_cap_seconds)
    return Finisher(planner, retry, settings.plan_in_finish, make_writer(settings, owns_platform=owns_platform))


def make_writer(settings: Settings, *, owns_platform: bool) -> EffectWriter:
    """What writes effects; optional ones are on in tables of ours, and off in a platform's until named."""
    platform = make_platform(settings)
    columns = frozenset(column for column in (QUALITY_STATUS, QUALITY_SCORE) if platform.has(column))
    if settings.writes is not None:
        return EffectWriter(frozenset(settings.writes), columns)
    owns_platform = owns_platform and settings.platform is None
    return EffectWriter(OPTIONAL_WRITES if owns_platform else frozenset(), columns)
