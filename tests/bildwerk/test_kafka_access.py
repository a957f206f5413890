"""What is set about the way into Kafka: what belongs together, and what the files hold."""

import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from bildwerk.arguments import make_kafka
from bildwerk.environment import SettingsError, read, variables
from bildwerk.kafka_access import CA, CERTIFICATE, KEY, PASSWORD, PROTOCOL, USER, find_dangers, make_access
from bildwerk.settings import Settings
from tests.tls import Authority, make_authority

UNREADABLE = "names a file that cannot be read (FileNotFoundError)"
SASL = {"security_protocol": "SASL_SSL", "user": "ingrid", "password": "geheim"}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person's own environment; only the database is set."""
    for name in list(os.environ):
        if name.startswith("BILDWERK_") or name.removesuffix("_FILE") in variables(Settings):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@db/media")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority of the test's own."""
    return make_authority(tmp_path / "tls")


def settings(**kafka: object) -> Settings:
    """Settings with these about Kafka."""
    return read(Settings, **{f"kafka_{name}": value for name, value in kafka.items()})


def problems(**kafka: object) -> tuple[str, ...]:
    """What is wrong with them."""
    with pytest.raises(SettingsError) as caught:
        make_access(settings(**kafka))
    return caught.value.problems


def test_by_default_nothing_is_encrypted_and_nobody_is_named() -> None:
    access = make_kafka(settings()).access

    assert (access.protocol, access.user, access.password, access.tls) == ("PLAINTEXT", None, None, None)


def test_a_password_may_come_from_a_file_and_shows_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n")
    monkeypatch.setenv("BILDWERK_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))

    read_settings = settings(security_protocol="SASL_SSL", user="ingrid")
    access = make_access(read_settings)

    assert access.arguments() | {"ssl_context": None} == {
        "security_protocol": "SASL_SSL",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ingrid",
        "sasl_plain_password": "geheim",
    }
    assert "geheim" not in repr(read_settings) + repr(access)


def test_names_and_authorities_are_checked_and_so_is_our_own_certificate_given(authority: Authority) -> None:
    certificate, key = authority.issue("bildwerk")
    access = make_access(
        settings(
            security_protocol="SSL", ca_file=authority.file, certificate_file=certificate, key_file=key
        )
    )  # fmt: skip

    assert access.tls is not None
    assert access.tls.check_hostname
    assert access.tls.verify_mode is ssl.CERT_REQUIRED
    assert len(access.tls.get_ca_certs()) == 1


def test_certificate_and_key_may_be_in_one_file_whose_key_has_a_password(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("bildwerk")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"schluessel"),
    )
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + locked)

    assert make_access(settings(security_protocol="SSL", certificate_file=both, key_password="schluessel")).tls
    for wrong in ({}, {"key_password": "geheim"}):
        assert problems(security_protocol="SSL", certificate_file=both, **wrong) == (
            "BILDWERK_KAFKA_KEY_PASSWORD does not open the key",
        )


GAPS: list[tuple[dict[str, str], list[str]]] = [
    ({"security_protocol": "SASL_SSL"}, [f"{name} is not set: SASL_SSL needs it" for name in (USER, PASSWORD)]),
    (
        {"user": "ingrid", "password": "geheim"},
        [f"{name} is set, but PLAINTEXT sends none: set {PROTOCOL} to SASL_SSL" for name in (USER, PASSWORD)],
    ),
    ({"ca_file": "/nowhere"}, [f"{CA} is set, but PLAINTEXT uses no TLS: set {PROTOCOL} to SSL or SASL_SSL"]),
    ({"security_protocol": "SSL", "key_file": "/nowhere"}, [f"{KEY} is set, but {CERTIFICATE} is not"]),
    ({"security_protocol": "SSL", "ca_file": "/nowhere"}, [f"{CA} {UNREADABLE}"]),
    ({"security_protocol": "SSL", "certificate_file": "/nowhere"}, [f"{CERTIFICATE} or {KEY} {UNREADABLE}"]),
]


@pytest.mark.parametrize(("kafka", "lines"), GAPS)
def test_each_gap_is_one_line(kafka: dict[str, str], lines: list[str]) -> None:
    assert list(problems(**kafka)) == lines


def test_files_that_hold_something_else_are_named(authority: Authority, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("geheim")
    certificate, _ = authority.issue("one")
    _, key = authority.issue("two")

    assert problems(security_protocol="SSL", ca_file=other) == (
        "BILDWERK_KAFKA_CA_FILE names a file without a certificate in PEM form",
    )
    assert problems(security_protocol="SSL", certificate_file=other) == (
        f"{CERTIFICATE} or {KEY} names a file without certificate or key in PEM form",
    )
    assert problems(security_protocol="SSL", certificate_file=certificate, key_file=key) == (
        "BILDWERK_KAFKA_KEY_FILE names the key of another certificate than BILDWERK_KAFKA_CERTIFICATE_FILE",
    )


@pytest.mark.parametrize("servers", [["localhost:9092"], ["127.0.0.3:9092", "[::1]:9092"], ["localhost"]])
def test_this_machine_needs_no_encryption(servers: list[str]) -> None:
    assert list(find_dangers(settings(bootstrap_servers=servers))) == []


@pytest.mark.parametrize("servers", [["kafka:9092"], ["localhost:9092", "10.0.0.7:9092"], ["[fd00::1]"]])
def test_another_machine_without_tls_is_a_danger(servers: list[str]) -> None:
    (danger,) = find_dangers(settings(bootstrap_servers=servers))
    assert "without TLS" in danger
    assert list(find_dangers(settings(bootstrap_servers=servers, **SASL))) == []
    plain = SASL | {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}
    assert len(list(find_dangers(settings(bootstrap_servers=servers, **plain)))) == 2


def test_a_protocol_before_a_server_is_not_silently_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "SASL_SSL://a:9093")

    with pytest.raises(SettingsError, match="the protocol is set by BILDWERK_KAFKA_SECURITY_PROTOCOL"):
        read(Settings)
