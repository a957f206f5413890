"""From settings to the way into Kafka: what belongs together is there, and the files hold what they should."""

import ssl
from collections.abc import Iterator

from pydantic import SecretStr

from bildwerk.addresses import is_loopback
from bildwerk.environment import SettingsError
from bildwerk.settings import Settings
from consumers.access import Access

PROTOCOL, CA = "BILDWERK_KAFKA_SECURITY_PROTOCOL", "BILDWERK_KAFKA_CA_FILE"
CERTIFICATE, KEY = "BILDWERK_KAFKA_CERTIFICATE_FILE", "BILDWERK_KAFKA_KEY_FILE"
USER, PASSWORD, KEY_PASSWORD = "BILDWERK_KAFKA_USER", "BILDWERK_KAFKA_PASSWORD", "BILDWERK_KAFKA_KEY_PASSWORD"


def make_access(settings: Settings) -> Access:
    """How Kafka lets us in. Raises SettingsError, with one line for each thing to mend."""
    if problems := tuple(_find_gaps(settings)):
        raise SettingsError(*problems)
    protocol = settings.kafka_security_protocol
    sasl = "SASL" in protocol
    return Access(
        protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_user if sasl else None,
        _reveal(settings.kafka_password) if sasl else None,
        _make_context(settings) if "SSL" in protocol else None,
    )


def find_dangers(settings: Settings) -> Iterator[str]:
    """What somebody on the way to a server of another machine could do, and what to do about it."""
    if "SSL" in settings.kafka_security_protocol or all(map(is_loopback, settings.kafka_bootstrap_servers)):
        return
    yield (
        "is spoken to without TLS: fine in a network that is yours alone, else whoever is on the way reads and changes "
        f"events; set {PROTOCOL}"
    )
    if settings.kafka_security_protocol == "SASL_PLAINTEXT" and settings.kafka_sasl_mechanism == "PLAIN":
        yield f"gets the password as it is, without TLS: set {PROTOCOL} to SASL_SSL"


def _find_gaps(settings: Settings) -> Iterator[str]:
    protocol = settings.kafka_security_protocol
    for name, value in ((USER, settings.kafka_user), (PASSWORD, settings.kafka_password)):
        if "SASL" in protocol and value is None:
            yield f"{name} is not set: {protocol} needs it"
        if "SASL" not in protocol and value is not None:
            yield f"{name} is set, but {protocol} sends none: set {PROTOCOL} to SASL_SSL"
    files = (
        (CA, settings.kafka_ca_file),
        (CERTIFICATE, settings.kafka_certificate_file),
        (KEY, settings.kafka_key_file),
    )
    for name, path in files:
        if "SSL" not in protocol and path is not None:
            yield f"{name} is set, but {protocol} uses no TLS: set {PROTOCOL} to SSL or SASL_SSL"
    if settings.kafka_key_file is not None and settings.kafka_certificate_file is None:
        yield f"{KEY} is set, but {CERTIFICATE} is not"


def _make_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except ssl.SSLError:
        raise SettingsError(f"{CA} names a file without a certificate in PEM form") from None
    except OSError as error:
        raise SettingsError(f"{CA} names a file that cannot be read ({type(error).__name__})") from None
    if settings.kafka_certificate_file is not None:
        _load_ours(context, settings)
    return context


def _load_ours(context: ssl.SSLContext, settings: Settings) -> None:
    asked = []

    def answer() -> str:
        # Without a password OpenSSL would ask for one at the terminal.
        asked.append(KEY_PASSWORD)
        return _reveal(settings.kafka_key_password) or ""

    try:
        context.load_cert_chain(settings.kafka_certificate_file or "", settings.kafka_key_file, answer)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(f"{KEY} names the key of another certificate than {CERTIFICATE}") from None
        if asked:
            raise SettingsError(f"{KEY_PASSWORD} does not open the key") from None
        raise SettingsError(f"{CERTIFICATE} or {KEY} names a file without certificate or key in PEM form") from None
    except OSError as error:
        name = type(error).__name__
        raise SettingsError(f"{CERTIFICATE} or {KEY} names a file that cannot be read ({name})") from None


def _reveal(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
