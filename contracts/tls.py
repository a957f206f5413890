"""What keeps a TLS connection from coming about, in words for the person who runs it; nothing secret is quoted."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PLAIN_REASONS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
OURS: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")
"""Of these words one is in the alert of a server that objects to our certificate, or to having none."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """Where a person mends it: what names the trusted authority, the server, our certificate, and TLS itself."""

    authority: str
    server: str
    certificate: str
    use: str


def explain_tls(error: BaseException, knobs: Knobs) -> str | None:
    """The rest of a sentence that begins with the server's name; None for an error that has nothing to do with TLS."""
    found = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
    if found is None:
        return None
    if isinstance(found, ssl.SSLCertVerificationError):
        return _explain_certificate(found, knobs)
    reason = found.reason or "unknown"
    if reason.endswith(PLAIN_REASONS):
        return f"does not speak TLS at this port: check {knobs.server} and {knobs.use}"
    if "ALERT" in reason and any(word in reason for word in OURS):
        return f"does not accept our certificate, or that we show none: set {knobs.certificate}"
    return f"cannot be spoken to by TLS ({reason}): check {knobs.use}"


def _explain_certificate(error: ssl.SSLCertVerificationError, knobs: Knobs) -> str:
    match error.verify_code:
        case 62 | 64:  # a name, an address
            return f"shows a certificate for another name: write a name that stands in it in {knobs.server}"
        case 10:
            return "shows a certificate that has expired: have it renewed"
        case 9:
            return "shows a certificate that is not valid yet: are both clocks right?"
    return (
        f"shows a certificate of an authority that is not trusted: {knobs.authority} must name the file with that "
        "authority's certificate"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
