"""What is said of a handshake that fails, tried without a network: both sides in memory."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from contracts.tls import Knobs, explain_tls

KNOBS = Knobs("THE_AUTHORITY", "THE_SERVER", "OUR_CERTIFICATE", "TLS_ITSELF")
DAY = timedelta(days=1)


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "db.example") -> ssl.SSLError:
    """What the client's side of a connection fails with."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=name)
    theirs = server.wrap_bio(there, back, server_side=True)
    for _ in range(5):
        try:
            ours.do_handshake()
            ours.read()
        except (ssl.SSLWantReadError, ssl.SSLEOFError):
            pass
        except ssl.SSLError as error:
            return error
        try:
            theirs.do_handshake()
        except ssl.SSLError:
            continue
    raise AssertionError("nothing failed")


def server_of(certificate: trustme.LeafCert, *, asks: trustme.CA | None = None) -> ssl.SSLContext:
    """A server with a certificate, which asks for one of an authority's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if asks:
        asks.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_of(ca: trustme.CA, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A client that trusts an authority and shows a certificate, if it has one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    if certificate:
        certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """Return an authority."""
    return trustme.CA()


def test_the_authority_the_name_and_the_time_are_told_apart(ca: trustme.CA) -> None:
    now = datetime.now(UTC)
    good = ca.issue_cert("db.example")
    old = ca.issue_cert("db.example", not_before=now - 2 * DAY, not_after=now - DAY)
    young = ca.issue_cert("db.example", not_before=now + DAY, not_after=now + 2 * DAY)
    failures = {
        "authority that is not trusted: THE_AUTHORITY": shake(client_of(trustme.CA()), server_of(good)),
        "another name: write a name that stands in it in THE_SERVER": shake(client_of(ca), server_of(good), "db"),
        "another name: write a name": shake(client_of(ca), server_of(good), "127.0.0.1"),
        "has expired": shake(client_of(ca), server_of(old)),
        "not valid yet": shake(client_of(ca), server_of(young)),
    }
    for hint, error in failures.items():
        assert hint in str(explain_tls(error, KNOBS))


def test_a_certificate_of_ours_that_is_missing_or_not_trusted_is_named(ca: trustme.CA) -> None:
    server = server_of(ca.issue_cert("db.example"), asks=ca)
    stranger = trustme.CA().issue_cert("bildwerk")
    for client in (client_of(ca), client_of(ca, stranger)):
        said = explain_tls(shake(client, server), KNOBS)
        assert said == "does not accept our certificate, or that we show none: set OUR_CERTIFICATE"


def test_a_server_that_speaks_something_else_is_told(ca: trustme.CA) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        client_of(ca).wrap_bio(incoming, outgoing, server_hostname="db.example").do_handshake()

    assert str(explain_tls(caught.value, KNOBS)).startswith("does not speak TLS at this port: check THE_SERVER")


def test_whatever_else_it_is_has_its_code(ca: trustme.CA) -> None:
    old, new = client_of(ca), server_of(ca.issue_cert("db.example"))
    old.maximum_version, new.minimum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

    said = explain_tls(shake(old, new), KNOBS)
    assert said is not None
    assert "VERSION)" in said
    assert said.endswith("check TLS_ITSELF")


def test_the_failure_is_found_behind_others_and_other_failures_are_not_ours(ca: trustme.CA) -> None:
    error = RuntimeError()
    error.__cause__ = OSError()
    error.__cause__.__context__ = shake(client_of(trustme.CA()), server_of(ca.issue_cert("db.example")))

    assert "authority" in str(explain_tls(error, KNOBS))
    assert explain_tls(ConnectionRefusedError(), KNOBS) is None
