"""What is wrong with Kafka, in words for the person who runs it."""

from aiokafka.errors import (
    BrokerResponseError,
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)

SENTENCES: dict[type[Exception], str] = {
    KafkaConnectionError: "does not answer: is it running, and is KAFKA_BOOTSTRAP_SERVERS right?",
    KafkaTimeoutError: "does not answer in time: is it running, and is KAFKA_BOOTSTRAP_SERVERS right?",
    InvalidReplicationFactorError: "has fewer brokers than copies were asked for: lower --replication",
    TopicAuthorizationFailedError: "does not let us do that: check the access rules of the topics",
    BrokerResponseError: "refuses",
    KafkaError: "does not work",
    OSError: "does not answer: is it running, and is KAFKA_BOOTSTRAP_SERVERS right?",
    TimeoutError: "does not answer in time: is it running, and is KAFKA_BOOTSTRAP_SERVERS right?",
}


def explain(error: BaseException) -> str | None:
    """The rest of a sentence that begins with the server's name; None for an error that is not Kafka's."""
    for kind in type(error).__mro__:
        if sentence := SENTENCES.get(kind):
            return f"{sentence} ({type(error).__name__})" if kind in (KafkaError, BrokerResponseError) else sentence
    return None
