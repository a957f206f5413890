"""URLs of pictures: what is read, and what is refused because somebody else might read it in another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.failures import Invalid
from handlers.inspect.remote.urls import read_url


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://Example.org", "http://example.org:80/"),
        ("HTTPS://example.org:8443/a/b.jpg?size=1&x#part", "https://example.org:8443/a/b.jpg?size=1&x"),
        ("https://example.org/ü.jpg", "https://example.org:443/%C3%BC.jpg"),
        ("https://example.org./a", "https://example.org:443/a"),
        ("http://8.8.8.8/a", "http://8.8.8.8:80/a"),
        ("http://[2A00::0:1]:81/a", "http://[2a00::1]:81/a"),
        ("https://xn--bcher-kva.example/a%20b", "https://xn--bcher-kva.example:443/a%20b"),
    ],
)
def test_urls_have_one_form(text: str, read: str) -> None:
    assert str(read_url(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.org/a",
        "//example.org/a",
        "http:///a",
        "http://user@example.org/a",
        "http://user:word@example.org/a",
        "http://example.org@127.0.0.1/a",
        "http://example.org\\@127.0.0.1/a",
        "http://exa mple.org/a",
        "http://example.org/a b",
        "http://example.org/a\r\nHost: b",
        "http://exa\tmple.org/",
        "http://bücher.example/a",
        "http://１２７.0.0.1/a",
        "http://example.org:port/",
        "http://example.org:99999/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://1.2.3.4.5/",
        "http://a.0x/",
        "http://-a.org/",
        "http://a..org/",
        "http://%31%32%37.0.0.1/",
        "http://[::1/",
        "http://[v1.a]/",
        "http://" + "a." * 130 + "org/",
        "http://example.org/" + "a" * 4097,
        "",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="bad_reference"):
        read_url(text)


@pytest.mark.parametrize(
    ("text", "hosts", "among"),
    [
        ("https://example.org/a", {"example.org"}, True),
        ("http://example.org/a", {"example.org"}, True),
        ("https://example.org:8443/a", {"example.org"}, False),
        ("https://example.org:8443/a", {"example.org:8443"}, True),
        ("https://example.org/a", {"example.org:8443"}, False),
        ("https://www.example.org/a", {"example.org"}, False),
        ("https://example.org.evil.net/a", {"example.org"}, False),
        ("https://anything.net/a", {"*"}, True),
        ("https://anything.net:22/a", {"*"}, False),
        ("http://[2a00::1]/a", {"[2a00::1]"}, True),
        ("https://example.org/a", set(), False),
    ],
)
def test_hosts_and_ports_have_to_be_named(text: str, hosts: set[str], among: bool) -> None:
    assert read_url(text).is_among(hosts) is among


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for whole in (text, f"http://{text}", f"https://example.org/{text}", f"http://{text}.org:80/"):
        try:
            url = read_url(whole)
        except Invalid:
            continue
        assert read_url(str(url)) == url
