"""What is wrong with Kafka, in words for the person who runs it."""

from typing import Final

from aiokafka.errors import (
    BrokerResponseError,
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from consumers.access import NotLetInError
from contracts.tls import Knobs, explain_tls

KNOBS: Final = Knobs(
    authority="BILDWERK_KAFKA_CA_FILE",
    server="KAFKA_BOOTSTRAP_SERVERS",
    certificate="BILDWERK_KAFKA_CERTIFICATE_FILE and BILDWERK_KAFKA_KEY_FILE",
    use="BILDWERK_KAFKA_SECURITY_PROTOCOL",
)

SENTENCES: dict[type[Exception], str] = {
    NotLetInError: "is there but does not answer: is it starting, or does it expect TLS, a password or a certificate? "
    "check BILDWERK_KAFKA_SECURITY_PROTOCOL and BILDWERK_KAFKA_CERTIFICATE_FILE",
    SaslAuthenticationFailed: "refuses the user or the password: check BILDWERK_KAFKA_USER and BILDWERK_KAFKA_PASSWORD",
    UnsupportedSaslMechanismError: "does not take passwords in this way: check BILDWERK_KAFKA_SASL_MECHANISM",
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
    if sentence := explain_tls(error, KNOBS):
        return sentence
    for kind in type(error).__mro__:
        if sentence := SENTENCES.get(kind):
            return f"{sentence} ({type(error).__name__})" if kind in (KafkaError, BrokerResponseError) else sentence
    return None
