"""The topics of the wire contract."""

from enum import StrEnum


class Topic(StrEnum):
    """Names of the Kafka topics; messages about a medium are keyed by its id (see `contracts.keys`)."""

    MEDIA_CREATED = "media.created"
    MEDIA_UPDATED = "media.updated"
    STAGE_COMPLETED = "stage.completed"
    DEAD_LETTER = "bildwerk.dead-letter"


INTAKE_TOPICS = (Topic.MEDIA_CREATED, Topic.MEDIA_UPDATED, Topic.STAGE_COMPLETED)
