"""The topics of the wire contract."""

from enum import StrEnum


class Topic(StrEnum):
    """Names of the Kafka topics; every message is keyed by the decimal media id."""

    MEDIA_CREATED = "media.created"
    MEDIA_UPDATED = "media.updated"
    STAGE_COMPLETED = "stage.completed"
    DEAD_LETTER = "bildwerk.dead-letter"


INTAKE_TOPICS = (Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED, Topic.STAGE_COMPLETED)
