"""Addresses out of settings: what is refused before anything connects, and that no part of a password is shown."""

import pytest

from bildwerk.addresses import check_database_url, check_server, cover_database, name_database


@pytest.mark.parametrize(
    ("url", "name", "covered"),
    [
        ("postgresql://u:geheim@db/media", "db:5432/media", "postgresql://u:********@db/media"),
        ("postgres://u@db:6432/media", "db:6432/media", "postgres://u@db:6432/media"),
        ("postgresql://u:geheim@a:1,b/media", "a:1,b:5432/media", "postgresql://u:********@a:1,b/media"),
        ("postgresql://u:geheim@[::1]:7/m", "[::1]:7/m", "postgresql://u:********@[::1]:7/m"),
        ("postgresql://u:geheim@[::1]/m", "[::1]:5432/m", "postgresql://u:********@[::1]/m"),
        ("postgresql:///m?host=/run&password=geheim", "localhost:5432/m", "postgresql:///m"),
        ("postgresql://u:ge%23%2Fheim@db/m", "db:5432/m", "postgresql://u:********@db/m"),
    ],
)
def test_a_database_is_named_without_its_secrets(url: str, name: str, covered: str) -> None:
    check_database_url(url)

    assert (name_database(url), cover_database(url)) == (name, covered)


@pytest.mark.parametrize(
    "url",
    [
        "geheim",
        "mysql://u:geheim@db/m",
        "postgresql://u:geheim@db:port/m",
        "postgresql://u:geheim@db:65536/m",
        "postgresql://u:geheim@a:1,b:0/m",
        "postgresql://u:geheim#x@db/m",
        "postgresql://u:1#geheim@db/m",
        "postgresql://u:1/geheim@db/m",
        "postgresql://u:1?geheim@db/m",
        "postgresql://[::1/geheim",
    ],
)
def test_what_cannot_be_a_database_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        check_database_url(url)

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("server", ["kafka", "kafka:9092", "[::1]:9092", "10.0.0.1:1"])
def test_a_server_may_have_a_port(server: str) -> None:
    check_server(server)


@pytest.mark.parametrize("server", ["a:b:c", "a:99999", "a:0", "::1"])
def test_a_port_is_a_number(server: str) -> None:
    with pytest.raises(ValueError, match="port"):
        check_server(server)
