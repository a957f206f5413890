"""How Kafka lets us in: the settings `BILDWERK_KAFKA_...` about TLS and passwords."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class KafkaAccessSettings(BaseSettings):
    """Encryption, and who we are (docs/transport.md)."""

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="`PLAINTEXT`, `SSL` (TLS), `SASL_PLAINTEXT` or `SASL_SSL` (docs/transport.md)."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`; with SASL."
    )
    kafka_user: str | None = Field(None, description="User; with SASL.")
    kafka_password: SecretStr | None = Field(None, description="Password of that user.")
    kafka_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that brokers' certificates may be of; unset: the system's."
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of our own certificate, where brokers ask for one."
    )
    kafka_key_file: Path | None = Field(None, description="PEM file of its key, unless the key is in the same file.")
    kafka_key_password: SecretStr | None = Field(None, description="Password of that key, if it has one.")
