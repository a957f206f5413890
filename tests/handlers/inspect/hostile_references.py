"""What a reference may try, and what it gets: one table, each row tried.

`python -m tests.handlers.inspect.hostile_references` writes it into docs/references.md; a test fails when the two
differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bildwerk.reasons import REASONS

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "references.md"
BEGIN, END = "<!-- table -->\n", "<!-- end -->"
PICTURE: Final = "the picture"
"""What is got where nothing was to be refused."""


@dataclass(frozen=True)
class Case:
    """One reference, and the code of the reason why it `gets` nothing.

    In `reference`, `{root}` and `{beside}` are folders, `{web}` and others servers that are allowed, `{inside}` one
    whose address is not. `hosts` that are set: any, some that are named, or none, which are media roots only.
    """

    tries: str
    reference: str
    gets: str
    hosts: str = "any"

    @property
    def row(self) -> str:
        """The line of the table."""
        shown = self.reference if len(self.reference) < 60 else f"{self.reference[:20]}..."
        shown = shown.replace("\0", r"\0").replace("\r\n", r"\r\n").replace("|", r"\|")
        got = f"`{self.gets}`: {REASONS[self.gets]}" if self.gets in REASONS else self.gets
        return f"| {self.tries} | `{shown}` | {got} |"


FILES: Final[Sequence[Case]] = (
    Case("go up", "../beside/secret.jpg", "bad_reference"),
    Case("go up from below", "album/../../beside/secret.jpg", "bad_reference"),
    Case("an absolute path", "{beside}/secret.jpg", "bad_reference"),
    Case("a symlink to a file outside", "link.jpg", "bad_reference"),
    Case("a symlink to a folder outside", "linked/secret.jpg", "bad_reference"),
    Case("a loop of symlinks", "round.jpg", "bad_reference"),
    Case("`file:` outside", "file://{beside}/secret.jpg", "bad_reference"),
    Case("`file:` outside, encoded", "file://{root}/%2e%2e/beside/secret.jpg", "bad_reference"),
    Case("`file:` of another host", "file://example.org{root}/a.jpg", "bad_reference"),
    Case("a pipe, which nobody writes to", "pipe", "not_a_file"),
    Case("`/dev/zero` by its name", "/dev/zero", "bad_reference"),
    Case("`/dev/zero` by a symlink", "zero", "bad_reference"),
    Case("a folder", "album", "not_a_file"),
    Case("the root itself", ".", "not_a_file"),
    Case("NUL", "a.jpg\0.png", "bad_reference"),
    Case("4 097 bytes", "a" * 4097, "bad_reference"),
    Case("4 096 bytes in one name", "a" * 4096, "bad_reference"),
    Case("an empty reference", "", "bad_reference"),
    Case("a name that no root has", "fotos:a.jpg", "bad_reference"),
    Case("up from a named root", "scans:../beside/secret.jpg", "bad_reference"),
    Case("the other root's path under a name", "scans:{root}/a.jpg", "bad_reference"),
    Case("another scheme", "ftp://example.org/a.jpg", "bad_reference"),
    Case("a scheme of other libraries", "az://bucket/a.jpg", "bad_reference"),
    Case("`http:` while it is off", "http://{web}/picture.jpg", "bad_reference", "none"),
    Case("`s3:` while it is off", "s3://photos/a.jpg", "bad_reference", "none"),
)
BUCKETS: Final[Sequence[Case]] = (
    Case("a bucket that is not named", "s3://private/a.jpg", "bad_reference"),
    Case("up into another bucket", "s3://photos/../private/a.jpg", "bad_reference"),
    Case("a bucket without a key", "s3://photos/", "bad_reference"),
)
ADDRESSES: Final[Sequence[Case]] = (
    Case("a host that is not named", "http://private.test/a.jpg", "bad_reference", "named"),
    Case("a port that is not named", "http://pictures.test:22/a.jpg", "bad_reference"),
    Case("loopback", "http://127.0.0.2/a.jpg", "forbidden_address"),
    Case("loopback by the name of a host", "http://inside.test/a.jpg", "forbidden_address"),
    Case("a host with one address inside among others", "http://mixed.test/a.jpg", "forbidden_address"),
    Case("a decimal address", "http://2130706434/a.jpg", "bad_reference"),
    Case("an octal address", "http://0177.0.0.2/a.jpg", "bad_reference"),
    Case("a hexadecimal address", "http://0x7f000002/a.jpg", "bad_reference"),
    Case("a shortened address", "http://127.2/a.jpg", "bad_reference"),
    Case("full-width digits", "http://１２７.0.0.2/a.jpg", "bad_reference"),
    Case("this network", "http://0.0.0.0/a.jpg", "forbidden_address"),
    Case("a private network", "http://192.168.0.1/a.jpg", "forbidden_address"),
    Case("carrier-grade NAT", "http://100.64.0.1/a.jpg", "forbidden_address"),
    Case("link-local: the metadata of clouds", "http://169.254.169.254/latest/meta-data", "forbidden_address"),
    Case("loopback, IPv6", "http://[::1]/a.jpg", "forbidden_address"),
    Case("IPv4-mapped", "http://[::ffff:127.0.0.2]/a.jpg", "forbidden_address"),
    Case("unique local, IPv6", "http://[fd00::1]/a.jpg", "forbidden_address"),
    Case("link-local, IPv6", "http://[fe80::1]/a.jpg", "forbidden_address"),
    Case("6to4", "http://[2002:7f00:2::1]/a.jpg", "forbidden_address"),
    Case("Teredo", "http://[2001:0:53aa:64c::1]/a.jpg", "forbidden_address"),
    Case("NAT64", "http://[64:ff9b::7f00:2]/a.jpg", "forbidden_address"),
    Case("credentials in the URL", "http://me:word@{web}/picture.jpg", "bad_reference"),
    Case("a host hidden behind an at sign", "http://{web}@{inside}/a.jpg", "bad_reference"),
    Case("a host hidden behind a backslash", "http://{inside}\\@{web}/a.jpg", "bad_reference"),
    Case("a header in the URL", "http://{web}/a.jpg\r\nHost: inside.test", "bad_reference"),
)
SERVERS: Final[Sequence[Case]] = (
    Case("nothing", "http://{web}/picture.jpg", PICTURE),
    Case("three redirects", "http://{web}/hops/3", PICTURE),
    Case("four redirects", "http://{web}/hops/4", "bad_reference"),
    Case("a name server that says something else the second time", "http://rebound.test:{port}/picture.jpg", PICTURE),
    Case("the same, and a redirect between", "http://rebound.test:{port}/to?to=/a.jpg", "forbidden_address"),
    Case("a redirect to loopback", "http://{web}/to?to=http://{inside}/a.jpg", "forbidden_address"),
    Case("a redirect to a host that is not named", "http://{web}/to?to=http://private.test/", "bad_reference", "named"),
    Case("a redirect to the metadata of clouds", "http://{web}/to?to=http://169.254.169.254/", "forbidden_address"),
    Case("a redirect to `file:`", "http://{web}/to?to=file://{beside}/secret.jpg", "bad_reference"),
    Case("a redirect to a decimal address", "http://{web}/to?to=//2130706434/", "bad_reference"),
    Case("a redirect to what is no URL", "http://{web}/to?to=http://[/", "bad_reference"),
    Case("a redirect that goes nowhere", "http://{web}/to", "bad_reference"),
    Case("redirects without end", "http://{web}/hops/1000000", "bad_reference"),
    Case("a byte every tenth of a second", "http://{web}/drip", "store_unavailable"),
    Case("no answer at all", "http://{web}/silent", "store_unavailable"),
    Case("10 GB, announced", "http://{web}/huge", "file_too_large"),
    Case("10 GB and more in pieces, not announced", "http://{web}/endless", "file_too_large"),
    Case("50 MB that were packed into 50 kB", "http://{web}/bomb", "unsupported_format"),
    Case("an answer that is cut off", "http://{web}/cut", "store_unavailable"),
    Case("an empty answer", "http://{web}/empty", "empty_file"),
    Case("an answer that is not HTTP", "http://{web}/noise", "store_unavailable"),
    Case("nothing there", "http://{web}/status/404", "missing_file"),
    Case("a password wanted", "http://{web}/status/401", "permission_denied"),
    Case("trouble of the server", "http://{web}/status/503", "store_unavailable"),
    Case("the right certificate", "https://{tls}/picture.jpg", PICTURE),
    Case("a certificate of somebody else", "https://{other_tls}/picture.jpg", "store_unavailable"),
    Case("a certificate that nobody vouches for", "https://{own_tls}/picture.jpg", "store_unavailable"),
    Case(
        "a redirect to a certificate of somebody else", "http://{web}/to?to=https://{other_tls}/", "store_unavailable"
    ),
)
CASES: Final = (*FILES, *BUCKETS, *ADDRESSES, *SERVERS)


def table() -> str:
    """The table, in Markdown."""
    head = "| what it tries | reference | what it gets |\n|---|---|---|\n"
    return head + "".join(f"{case.row}\n" for case in CASES)


def fill(text: str) -> str:
    """The page with the table made anew."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text("utf-8")), "utf-8")
